"""Effects by kind of site, by dose, over time and by what lies in between."""
