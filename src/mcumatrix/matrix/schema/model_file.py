"""What may stand in matrix/models."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from mcumatrix.matrix.schema.scalars import Digit, HttpsUrl, RelativePath, Seed, Sha256, Strict
from mcumatrix.model.catalogue import Element


class ModelSourceFile(Strict):
    """Where a .tflite file is: here, or somewhere else with its only contents."""

    path: RelativePath = Field(default="", description="From the project's folder.")
    url: HttpsUrl = Field(default="", description="Where it is; the name of a file comes last.")
    sha256: Sha256 = Field(default="", description="SHA-256 of the file at the URL.")


class ModelInputFile(Strict):
    """What a model is asked: files, or random elements."""

    files: list[RelativePath] = Field(
        default=[],
        description="One for each input (.npy, .csv, .wav, images, bytes as they are), or one .npz.",
    )
    random: Seed | None = Field(default=None, description="The same number gives the same elements.")


class DatasetFile(Strict):
    """Many inputs of a model, each with its class."""

    samples: RelativePath = Field(
        default="",
        description="An .npz with images or inputs and labels, an .npy or .csv beside labels, or a folder "
        "with a folder for each class.",
    )
    labels: RelativePath = Field(
        default="", description="The numbers of their classes, from 0: an .npy or .csv."
    )
    url: HttpsUrl = Field(default="", description="Where an .npz is, in place of samples.")
    sha256: Sha256 = Field(default="", description="SHA-256 of the file at the URL.")
    answers: RelativePath = Field(
        default="", description="An .npz of what the host answers to each; `doit model NAME` makes it."
    )


def _path_as_dataset(value: object) -> object:
    return {"samples": value} if isinstance(value, str) else value


Dataset = Annotated[
    DatasetFile, BeforeValidator(_path_as_dataset, json_schema_input_type=RelativePath | DatasetFile)
]


def _path_as_source(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


def _files_as_input(value: object) -> object:
    if isinstance(value, str):
        return {"files": [value]}
    return {"files": value} if isinstance(value, list) else value


ModelSource = Annotated[
    ModelSourceFile,
    BeforeValidator(_path_as_source, json_schema_input_type=RelativePath | ModelSourceFile),
]
ModelInput = Annotated[
    ModelInputFile,
    BeforeValidator(
        _files_as_input, json_schema_input_type=RelativePath | list[RelativePath] | ModelInputFile
    ),
]


class ModelFile(Strict):
    """A .tflite file with what it must answer. Paths begin at the project's folder."""

    description: str = ""
    element: Element = Field(description="The type of the activations.")
    weights: Element | None = Field(
        default=None, description="The type of the weights, where they alone were quantised."
    )
    file: ModelSource = Field(description="The .tflite file, or url and sha256 of one somewhere else.")
    golden: RelativePath = Field(description="The answers; `doit model NAME` makes them.")
    input: ModelInput | None = Field(
        default=None, description="What is built into the firmware: one file or several, or random elements."
    )
    digits: RelativePath = Field(default="", description="Digits, as IDX, in place of an input.")
    digit_label: Digit | None = Field(
        default=None, description="The first digit with this label is built into the firmware."
    )
    dataset: Dataset | None = Field(
        default=None, description="A labelled set, by which `accuracy` of a matrix tells its accuracy."
    )
