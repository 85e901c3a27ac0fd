"""The commands that mcumatrix adds to doit, such as `doit matrix` and `doit plan`."""
