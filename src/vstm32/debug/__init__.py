"""What a debugger sees of the virtual board: the debug port, and a debug probe that pyOCD can use."""
