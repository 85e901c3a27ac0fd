"""Declarative build matrices for machine-learning benchmarks on microcontrollers."""
