"""Results in the formats that other tools write: one file for each format."""
