"""The peripherals of the virtual STM32F746, one block per file; registers cite RM0385 or PM0253."""
