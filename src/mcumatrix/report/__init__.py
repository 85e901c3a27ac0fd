"""What people read, made only from records."""
