"""The chip around the core: clocks, buses and peripherals that ST makes."""
