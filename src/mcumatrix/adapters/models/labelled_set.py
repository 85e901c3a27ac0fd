"""Reads a labelled set: samples as a model's input, each with the number of its class.

A set is an .npz with `labels` and either `inputs` (whole numbers are elements, real ones become elements by
the input's quantisation) or `images` (uint8 pixels, which span the range of elements, or 0 to 1 in float32);
or an .npy or a .csv with the same as `inputs`, one sample a row, beside a file of labels; or a folder with a
folder of files for each class, each file as an input of a model can be.
"""

import io
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.adapters.models.input_arrays import (
    UNREADABLE,
    fitted,
    from_pixels,
    joined,
    numbers_in,
    read_one,
)
from mcumatrix.adapters.models.set_answers import read_set_answers
from mcumatrix.errors import ModelError
from mcumatrix.model.catalogue import Dataset, Model
from mcumatrix.model.labelled import MAX_ANSWERS_BYTES, MAX_SAMPLES, AskedSet, LabelledSet, spread
from mcumatrix.model.network import Network, Tensor, TensorType, shape_text

Array = npt.NDArray[Any]

_NUMBERS = (TensorType.FLOAT32, TensorType.INT8, TensorType.UINT8, TensorType.INT16)
_LARGEST_FILE_BYTES = 512 * 2**20
_SHOWN = 5
_CHECK = "Check `dataset` in the model's file; docs/models.md says what a set can be."


@dataclass(frozen=True, slots=True)
class _Samples:
    """What a set has, before its samples are read: `elements` gives one of them by its place."""

    where: str
    labels: Sequence[int]
    elements: Callable[[int], Array]


def read_labelled_set(
    entry: Model, model: bytes, network: Network, files: Dataset, asked: AskedSet
) -> LabelledSet:
    """Reads as many samples as are asked, with the host's answers where the entry names them.

    `model` is the .tflite file and `network` what it holds. `files` are those of the entry, the samples of a
    pinned one where they were fetched to.

    Raises:
        ModelError: a file cannot be read; labels and samples are not as many; a sample does not fit the
            input; a label is no class; the model has no classes; more is asked than a log holds; or the
            answers are those of another model or of other samples.
        ToolError: a sample is an image, and Pillow is not installed.
    """
    samples = _checked(entry.name, network, files)
    places = _places(entry.name, samples, network.output, asked)
    inputs = tuple(joined([samples.elements(place)]) for place in places)
    labels = tuple(samples.labels[place] for place in places)
    if files.answers is None:
        return LabelledSet(inputs, labels, places, len(samples.labels))
    hint = f"Make it again: doit model {entry.name}"
    answers = read_set_answers(files.answers, model, network.output, hint)
    expected = answers.expected(places, [zlib.crc32(one) for one in inputs], len(samples.labels))
    return LabelledSet(
        inputs, labels, places, len(samples.labels), expected, answers.tolerance, answers.sha256
    )


def read_inputs(entry: Model, network: Network, files: Dataset) -> list[bytes]:
    """All samples of a set as inputs of the model. Raises as `read_labelled_set` does."""
    samples = _checked(entry.name, network, files)
    return [joined([samples.elements(place)]) for place in range(len(samples.labels))]


def classes_of(name: str, network: Network) -> int:
    """How many classes a model tells apart: the elements of its output.

    Raises:
        ModelError: it has several inputs or outputs, or its output is no number for each class.
    """
    hint = "Accuracy is that of the class with the largest number; leave this model out of the matrix."
    for what, tensors in (("inputs", network.inputs), ("outputs", network.outputs)):
        if len(tensors) != 1:
            raise ModelError(
                f"The model {name} has {len(tensors)} {what}, and a labelled set one.", hint=hint
            )
    output = network.output
    classes = output.shape[-1] if output.shape else 1
    if output.type not in _NUMBERS or classes < 2 or classes != math.prod(output.shape):
        raise ModelError(
            f"The model {name} has no classes: its output is {output.type} {shape_text(output.shape)}.",
            hint=hint,
        )
    return classes


def _checked(name: str, network: Network, files: Dataset) -> _Samples:
    """At least one sample, each with the label of a class; the samples themselves are not read yet."""
    classes = classes_of(name, network)
    samples = _open(files, network.input)
    if not samples.labels:
        raise ModelError(f"The labelled set {samples.where} has no samples.", hint=_CHECK)
    _check_labels(samples, classes)
    return samples


def _open(files: Dataset, tensor: Tensor) -> _Samples:
    path = files.samples
    assert path is not None
    try:
        if path.is_dir():
            return _folder(path, tensor)
        if path.suffix.lower() == ".npz":
            return _archive(path, tensor)
        return _pair(path, files.labels, tensor)
    except UNREADABLE as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ModelError(
            f"The labelled set {path} cannot be read: {' '.join(reason.split())[:200]}.",
            hint=_CHECK,
        ) from error


def _contents(path: Path) -> io.BytesIO:
    if path.stat().st_size > _LARGEST_FILE_BYTES:
        raise ValueError(f"it has more than {_LARGEST_FILE_BYTES // 2**20} MB")
    return io.BytesIO(path.read_bytes())


def _archive(path: Path, tensor: Tensor) -> _Samples:
    with np.load(_contents(path), allow_pickle=False) as archive:
        kinds = [name for name in ("images", "inputs") if name in archive.files]
        if "labels" not in archive.files or len(kinds) != 1:
            names = ", ".join(archive.files) or "none"
            raise ValueError(f"it has the arrays {names}, and labels and one of images and inputs are wanted")
        rows, labels = archive[kinds[0]], archive["labels"]
    if kinds == ["images"] and rows.dtype != np.uint8:
        raise ValueError(f"its images are {rows.dtype}, and pixels are uint8")
    return _rows(path, rows, labels, tensor, is_pixels=kinds == ["images"])


def _pair(path: Path, labels: Path | None, tensor: Tensor) -> _Samples:
    if labels is None:
        raise ValueError("it is none of .npz, .npy, .csv and a folder")
    if path.suffix.lower() == ".npy":
        rows: Sequence[Array] | Array = np.load(_contents(path), allow_pickle=False)
    else:
        rows = numbers_in(_contents(path).getvalue().decode("ascii").splitlines())
    if labels.suffix.lower() == ".npy":
        numbers: Array = np.load(_contents(labels), allow_pickle=False)
    else:
        words = _contents(labels).getvalue().decode("ascii").splitlines()
        numbers = np.concatenate([*numbers_in(words), np.array([], np.int64)])
    return _rows(path, rows, numbers, tensor, is_pixels=False)


def _rows(
    path: Path, rows: Sequence[Array] | Array, labels: Array, tensor: Tensor, *, is_pixels: bool
) -> _Samples:
    numbers = labels.reshape(-1)
    if numbers.dtype.kind == "f" and np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all():
        numbers = numbers.astype(np.int64)
    if numbers.size and numbers.dtype.kind not in "iu":
        raise ValueError(f"its labels are {numbers.dtype}, and classes are whole numbers from 0")
    if len(rows) != numbers.size:
        raise ValueError(f"it has {len(rows):,} samples and {numbers.size:,} labels")

    def elements(place: int) -> Array:
        where = f"{path}, sample {place},"
        row = np.asarray(rows[place])
        return from_pixels(where, row, tensor) if is_pixels else fitted(where, row, tensor)

    return _Samples(str(path), [int(number) for number in numbers], elements)


def _folder(path: Path, tensor: Tensor) -> _Samples:
    """Folders whose names are whole numbers are the classes of these numbers; others are numbered in the
    order of their names, as by keras.utils.image_dataset_from_directory."""
    folders = sorted(one for one in _visible(path) if one.is_dir())
    are_numbers = all(re.fullmatch("[0-9]{1,9}", one.name) for one in folders)
    found = [
        (int(folder.name) if are_numbers else number, file)
        for number, folder in enumerate(folders)
        for file in sorted(_visible(folder))
        if file.is_file()
    ]

    def elements(place: int) -> Array:
        return read_one(found[place][1], tensor)

    return _Samples(str(path), [label for label, _ in found], elements)


def _visible(folder: Path) -> Iterator[Path]:
    return (one for one in folder.iterdir() if not one.name.startswith("."))


def _places(name: str, samples: _Samples, output: Tensor, asked: AskedSet) -> tuple[int, ...]:
    count = len(samples.labels)
    most = min(MAX_SAMPLES, MAX_ANSWERS_BYTES // output.size_bytes)
    if asked.samples is not None and asked.samples > count:
        raise ModelError(
            f"{asked.samples:,} samples are asked, and the labelled set {samples.where} has {count:,}.",
            hint="Write fewer, or accuracy: dataset.",
        )
    wanted = count if asked.samples is None else asked.samples
    if wanted > most:
        asks = f"{'All ' if wanted == count else ''}{wanted:,} samples of {samples.where} would be asked"
        raise ModelError(
            f"{asks}; a run of {name} can be asked {most:,}.",
            hint=f"Write accuracy: {{samples: {most}}} or fewer, which are spread over the set.",
        )
    return spread(count, wanted)


def _check_labels(samples: _Samples, classes: int) -> None:
    wrong = [place for place, label in enumerate(samples.labels) if not 0 <= label < classes]
    if wrong:
        said = ", ".join(f"{samples.labels[place]} (sample {place})" for place in wrong[:_SHOWN])
        more = f" and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
        raise ModelError(
            f"The labelled set {samples.where} has labels that are no class of the model, which has "
            f"{classes}: {said}{more}.",
            hint="Classes are counted from 0, in the order of the model's output.",
        )
