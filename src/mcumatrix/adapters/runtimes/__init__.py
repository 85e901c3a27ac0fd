"""Preparing the sources of inference libraries."""
