"""Current probes: what tells how much a board draws."""
