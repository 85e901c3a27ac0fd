"""Where build plans are executed."""
