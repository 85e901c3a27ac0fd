"""Which state of a project results were made from, as its version control knows it."""
