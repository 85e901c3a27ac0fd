"""What commands do that need results alone: no compiler, no board, no container."""
