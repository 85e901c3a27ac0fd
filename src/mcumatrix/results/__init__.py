"""What was measured, as it is kept and as it is computed with."""
