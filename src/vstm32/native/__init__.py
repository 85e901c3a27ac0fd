"""The hooks in C: what runs for every basic block and every register access.

Unicorn calls these functions directly, without Python. They stand in `*.c`; what they share with Python is
declared once, in `layout.h`. `python -m vstm32.native` compiles them into a library, beside which it puts
what cffi has read from that header. `library.py` loads both.
"""
