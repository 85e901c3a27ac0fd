"""Ways to get an image onto a board."""
