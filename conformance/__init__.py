"""Compares the virtual board's core with QEMU, and both with the definitions of the architecture manual.

A tool for development, not part of the package that is installed. docs/conformance.md says how it works.
"""
