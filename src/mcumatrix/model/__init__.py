"""What the stages hand to each other: frozen dataclasses, no behaviour beyond their own meaning."""
