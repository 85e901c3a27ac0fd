"""Dask as an executor: workers build and run, and whoever asked writes down what came of it."""
