"""What notebooks/digits.ipynb is made of: a digit that is drawn, boards that answer, and what is shown of it.

It needs the extra `mcumatrix[notebook]`; see docs/notebook.md.
"""
