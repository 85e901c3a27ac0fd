"""From the files under `matrix/` to variants: read, check, expand, select."""
