"""Places where images run."""
