"""How the cycles of the virtual board are made; a name that records and reports carry."""

TIMING_MODEL = "instructions"
"""One cycle per instruction."""
