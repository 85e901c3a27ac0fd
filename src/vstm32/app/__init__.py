"""The virtual board as a program: command line, console, control port, and where running boards are found."""
