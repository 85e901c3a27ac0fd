"""Results in the formats that other tools read: one file for each format."""
