"""Reading models, and running them on the host."""
