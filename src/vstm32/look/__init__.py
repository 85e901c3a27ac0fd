"""Looks inside while a firmware runs: traces of registers, cycles by function."""
