"""Checks a file against its schema, and puts what is wrong into words."""

import re
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mcumatrix.matrix.document import Document, Place, Problems, in_words, type_names
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.schema.matrix_file import PlacementFile, SettingFile
from mcumatrix.matrix.suggest import did_you_mean, nearest, shown
from mcumatrix.model.axes import BUILTIN, LAYOUT_AXES

File = TypeVar("File", bound=BaseModel)


def validated(model: type[File], document: Document) -> File:
    """Checks what a file says on its own, without looking at other files.

    Raises:
        MatrixError: with every error, its line and column, and what was probably meant.
    """
    try:
        return model.model_validate(document.root.plain())
    except ValidationError as error:
        problems = Problems(document)
        for details in error.errors(include_url=False):
            _explain(details, model, problems)
        problems.check()
        raise


def _explain(details: ErrorDetails, model: type[BaseModel], problems: Problems) -> None:
    of_key = details["loc"][-1:] == ("[key]",)
    place: Place = details["loc"][:-1] if of_key else details["loc"]
    where, found, kind = in_words(place), details["input"], details["type"]
    context = details.get("ctx", {})
    if kind == "extra_forbidden":
        hint = did_you_mean(str(place[-1]), _model_at(place[:-1], model).model_fields)
        problems.add(place, f"unknown key {shown(str(place[-1]))}", hint, of_key=True)
    elif kind == "missing":
        _explain_missing(place, found, _model_at(place[:-1], model), problems)
    elif kind == "value_error" and isinstance(refused := context["error"], RefusedError):
        subject = f"{in_words(place[:-1])} cannot have" if of_key else f"{where} cannot be"
        problems.add(place, f"{subject} {shown(str(found))}: {refused}", refused.hint, of_key=of_key)
    elif found is None or kind == "too_short":
        problems.add(place, f"{where} is empty", "Give it a value or remove it.")
    elif kind == "enum":
        names = [name.strip("'") for name in re.split(", | or ", context["expected"])]
        problems.add(place, f"{where} cannot be {_shape(found)}", did_you_mean(str(found), names))
    elif kind in ("greater_than_equal", "less_than_equal"):
        limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        problems.add(place, f"{where} must be {limit}, but is {found}")
    elif kind == "too_long":
        problems.add(place, f"{where} has {len(found)} labels", "One include sets one label.")
    else:
        _explain_shape(details, place, problems)


def _explain_missing(place: Place, found: object, model: type[BaseModel], problems: Problems) -> None:
    name = str(place[-1])
    others = [key for key in found if key not in model.model_fields] if isinstance(found, dict) else []
    near = nearest(name, others)
    hint = f"Did you mean it by {near!r}?" if near else model.model_fields[name].description or ""
    message = f"the key {name!r} is missing in {in_words(place[:-1])}"
    problems.add(place[:-1], message, hint, of_key=True)


def _explain_shape(details: ErrorDetails, place: Place, problems: Problems) -> None:
    wanted = {"string_type": "text", "list_type": "a list", "int_type": "a whole number"}
    found = details["input"]
    message = f"{in_words(place)} must be {wanted.get(details['type'], 'a mapping')}, but is {_shape(found)}"
    hint = ""
    if place[0] == "axes" and len(place) == 2 and place[1] not in BUILTIN:
        near = nearest(str(place[1]), BUILTIN)
        hint = f"Did you mean {near!r}? " if near else ""
        hint += (
            "It maps labels to places, as in {tcm: {arena: dtcm}}; `default` needs no declaration."
            if place[1] in LAYOUT_AXES
            else "An axis of your own maps labels to flags and cmake."
        )
    problems.add(place, message, hint)


def _shape(value: object) -> str:
    return shown(value) if isinstance(value, str) else type_names[type(value)]


def _model_at(place: Place, model: type[BaseModel]) -> type[BaseModel]:
    """The model of the mapping at `place`, in a file of `model`.

    Where a mapping has names that a person chose, it is one of settings: nothing else has such names.
    """
    for step in place:
        if isinstance(step, str):
            field = model.model_fields.get(step)
            below = PlacementFile if model is PlacementFile else SettingFile
            model = _model_in(field.annotation) if field else below
    return model


def _model_in(annotation: Any) -> type[BaseModel]:
    """The model that a field's type is or contains."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(part) for part in get_args(annotation))
    return next((model for model in models if model is not SettingFile), SettingFile)
