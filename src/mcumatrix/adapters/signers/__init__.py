"""What signs files."""
