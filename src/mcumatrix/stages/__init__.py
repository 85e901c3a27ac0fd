"""The way from a variant to a record: render, build, flash, run, parse, check.

Each stage is a function from frozen data to frozen data; what it needs of the world comes in through a port.
"""
