"""What all rooms stand on: memory map, registers, findings, serial lines, symbols, errors."""
