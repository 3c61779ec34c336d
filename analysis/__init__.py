"""Evaluation of CRM training in property management: from raw exports to defensible claims."""
