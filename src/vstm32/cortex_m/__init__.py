"""The core: what ARM makes, whoever puts it into a chip."""
