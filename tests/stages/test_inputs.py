"""Which input of two results is not the same."""

from collections.abc import Mapping

from mcumatrix.hashing import Part
from mcumatrix.model.inputs import Inputs
from mcumatrix.stages.inputs import input_differences


def _library(**parts: Part) -> Inputs:
    same: Mapping[str, Part] = {"sources": {"runtime/a.c": "a" * 64}, "toolchain": "c" * 64, "flags": ["-O2"]}
    return Inputs("runtime", {**same, **parts})


def _image(library: Inputs, **parts: Part) -> Inputs:
    return Inputs("image", {"libraries": [library.fingerprint], "clock_hz": 216_000_000, **parts})


def _said(theirs: tuple[Inputs, ...], ours: tuple[Inputs, ...]) -> list[str]:
    known = {inputs.fingerprint: inputs for inputs in (*theirs, *ours)}
    return [str(found) for found in input_differences(theirs[0], ours[0], known.get)]


def test_the_same_inputs_have_no_difference() -> None:
    library = _library()
    assert _said((_image(library), library), (_image(library), library)) == []


def test_a_changed_file_of_a_library_is_named_and_not_the_fingerprints_above_it() -> None:
    theirs, ours = _library(), _library(sources={"runtime/a.c": "b" * 64})
    assert _said((_image(theirs), theirs), (_image(ours), ours)) == ["firmware/runtime/a.c"]


def test_values_are_said_and_hashes_are_not() -> None:
    theirs, ours = _library(), _library(toolchain="d" * 64, flags=["-O3", "-flto"])
    assert _said((_image(theirs, clock_hz=1), theirs), (_image(ours), ours)) == [
        "the compiler",
        "flags: -O2 there, -O3 -flto here",
        "clock hz: 1 there, 216000000 here",
    ]


def test_what_one_side_lacks_is_said() -> None:
    theirs, ours = _library(), _library(sources={"runtime/a.c": "a" * 64, "runtime/b.c": "b" * 64})
    assert _said((theirs,), (ours,)) == ["firmware/runtime/b.c is only here"]
    assert _said((ours,), (theirs,)) == ["firmware/runtime/b.c is only there"]


def test_what_is_not_known_is_compared_by_its_fingerprint() -> None:
    assert _said((_image(_library()),), (_image(_library(flags=[])),)) == ["libraries"]
