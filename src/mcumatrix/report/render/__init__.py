"""How what is said is shown: one file for each form."""
