"""What may stand in a matrix file and in the catalogues, a module for each kind of file."""
