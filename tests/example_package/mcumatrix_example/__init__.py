"""A runtime for mcumatrix that lives in a package of its own."""
