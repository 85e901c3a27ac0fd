"""Fuzzers: what comes from outside, changed at random, is understood or refused with a sentence.

A tool for development, not part of the package: `python -m fuzz TARGET --minutes N`.
"""
