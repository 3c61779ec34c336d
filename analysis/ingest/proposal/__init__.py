"""Parts of a proposed client file: which column is which, questionnaires, spellings of sites."""
