"""Tools for development, run from the project's folder; not part of the package."""
