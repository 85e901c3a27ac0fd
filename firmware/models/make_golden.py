"""Writes golden/<model>.json for each model in this folder: the answers of TensorFlow Lite Micro.

Run it in the project's environment, which has the package tflite-micro: .venv/bin/python
firmware/models/make_golden.py
"""

from pathlib import Path

from mcumatrix.adapters.models.digits import read_digits
from mcumatrix.adapters.models.golden import render_golden
from mcumatrix.adapters.models.tflite_file import read_network


def main() -> None:
    folder = Path(__file__).parent
    digits = read_digits(folder / "digits.idx2-ubyte")
    for path in sorted(folder.glob("*.tflite")):
        golden = folder / "golden" / f"{path.stem}.json"
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(render_golden(path.read_bytes(), read_network(path), digits))
        print(golden)


if __name__ == "__main__":
    main()
