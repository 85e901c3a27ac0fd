"""Writes the JSON Schemas for editors to `docs/`: `python -m mcumatrix.matrix.schema`."""

import sys
from pathlib import Path

from mcumatrix.matrix.schema.files import write_schemas

if __name__ == "__main__":
    docs = Path("docs")
    if not docs.is_dir():
        sys.exit("There is no folder docs here; run this in the project's folder.")
    for written in write_schemas(docs):
        print(written)
