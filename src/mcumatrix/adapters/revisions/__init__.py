"""What a project is kept under."""
