"""What is fuzzed: one file for each."""
