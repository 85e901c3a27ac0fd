"""What makes the parts of the site that nobody writes: from schemas, commands, docstrings and results."""
