"""Places of labgrid as boards. labgrid itself is a program beside: see client.py."""
