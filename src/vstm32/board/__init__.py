"""The board: power, reset, flash that stays, serial ports, faults on purpose, and the loop that runs it."""
