"""Libraries are found where people and makefiles leave them, and missed with every place that was tried."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mcumatrix.adapters.runtimes.tflm.third_party import (
    Parties,
    Party,
    Place,
    find_parties,
    party_of_include,
)
from mcumatrix.errors import SourceError

WriteFiles = Callable[[Path, Mapping[str, str]], Path]

SCHEMA = {"tensorflow/lite/schema/schema_generated.h": ""}
MAKE = "tensorflow/lite/micro/tools/make/downloads"
FLATBUFFERS = {"include/flatbuffers/flatbuffers.h": ""}
GEMMLOWP = {"fixedpoint/fixedpoint.h": "", "internal/common.h": ""}
CMSIS = {"Core/Include/cmsis_compiler.h": ""}
CMSIS_NN = {"Include/arm_nnfunctions.h": "", "Source/a.c": ""}
RUY = {"ruy/profiler/instrumentation.h": ""}


def found(tree: Path, name: str) -> Party:
    return find_parties(tree, {}).found[name]


LIBRARIES = {
    "flatbuffers": (FLATBUFFERS, "include"),
    "gemmlowp": (GEMMLOWP, "."),
    "cmsis": (CMSIS, "."),
    "cmsis-nn": (CMSIS_NN, "."),
    "ruy": (RUY, "."),
}


@pytest.mark.parametrize("place", [MAKE, "tensorflow/lite", "third_party", "."])
@pytest.mark.parametrize("root", [".", "tensorflow"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_in_the_tree_is_a_part_of_it(
    write_files: WriteFiles, tmp_path: Path, root: str, place: str, name: str
) -> None:
    files, base = LIBRARIES[name]
    write_files(tmp_path / "tree" / root, SCHEMA)
    folder = write_files(tmp_path / "tree" / root / place / name, files)
    parties = find_parties(tmp_path / "tree", {})
    assert parties.found == {name: Party(name, folder, folder / base, "tensorflow")}
    assert parties.outside() == {}


@pytest.mark.parametrize(
    ("folder", "name", "files"),
    [
        ("flatbuffers", "flatbuffers", FLATBUFFERS),
        ("gemmlowp", "gemmlowp", GEMMLOWP),
        ("CMSIS", "cmsis", CMSIS),
        ("CMSIS_5", "cmsis", {f"CMSIS/{path}": "" for path in CMSIS}),
        ("CMSIS-NN", "cmsis-nn", CMSIS_NN),
        ("ruy", "ruy", RUY),
    ],
)
def test_a_library_beside_the_tree_is_a_folder_of_its_own(
    write_files: WriteFiles, tmp_path: Path, folder: str, name: str, files: dict[str, str]
) -> None:
    write_files(tmp_path / folder, files)
    (tmp_path / "tree").mkdir()
    parties = find_parties(tmp_path / "tree", {})
    assert parties.outside() == {name: tmp_path / folder}
    assert parties.found[name].base == (
        {"flatbuffers": tmp_path / folder / "include"}.get(name)
        or (tmp_path / folder / "CMSIS" if folder == "CMSIS_5" else tmp_path / folder)
    )


def test_gemmlowp_may_be_called_after_its_part(write_files: WriteFiles, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "tensorflow/lite/fixedpoint", GEMMLOWP)
    assert found(tmp_path, "gemmlowp").folder == folder


def test_a_library_may_lie_at_the_include_root_itself(write_files: WriteFiles, tmp_path: Path) -> None:
    write_files(tmp_path / "tree", {**RUY, "ruy/README.md": ""})
    assert found(tmp_path / "tree", "ruy").base == tmp_path / "tree"


def test_a_library_may_lie_beside_an_include_root_that_is_one_folder_below(
    write_files: WriteFiles, tmp_path: Path
) -> None:
    write_files(tmp_path / "libs" / "tensorflow", SCHEMA)
    folder = write_files(tmp_path / "libs" / "gemmlowp", GEMMLOWP)
    party = found(tmp_path / "libs", "gemmlowp")
    assert (party.folder, party.is_inside) == (folder, True)


def test_what_is_in_the_tree_wins_over_what_is_beside_it(write_files: WriteFiles, tmp_path: Path) -> None:
    inside = write_files(tmp_path / "tree" / "tensorflow/lite/flatbuffers", FLATBUFFERS)
    write_files(tmp_path / "flatbuffers", FLATBUFFERS)
    assert found(tmp_path / "tree", "flatbuffers").folder == inside


def test_a_folder_of_the_name_alone_is_no_library(write_files: WriteFiles, tmp_path: Path) -> None:
    write_files(tmp_path / "tree" / "tensorflow/lite/gemmlowp", {"fixedpoint/fixedpoint.h": ""})
    folder = write_files(tmp_path / "gemmlowp", GEMMLOWP)
    assert found(tmp_path / "tree", "gemmlowp").folder == folder


def test_a_folder_that_is_given_wins(write_files: WriteFiles, tmp_path: Path) -> None:
    write_files(tmp_path / "tree" / "tensorflow/lite/flatbuffers", FLATBUFFERS)
    given = write_files(tmp_path / "elsewhere", FLATBUFFERS)
    parties = find_parties(tmp_path / "tree", {"flatbuffers": given, "other": tmp_path})
    assert parties.found == {"flatbuffers": Party("flatbuffers", given, given / "include", "flatbuffers")}
    assert parties.outside() == {"flatbuffers": given}


def test_a_folder_that_is_given_has_a_place_of_its_own_even_in_the_tree(
    write_files: WriteFiles, tmp_path: Path
) -> None:
    given = write_files(tmp_path / "mine", FLATBUFFERS)
    parties = find_parties(tmp_path, {"flatbuffers": given})
    party = parties.found["flatbuffers"]
    assert parties.place(party.base, party) == Place("flatbuffers", "include")


def test_a_given_folder_that_is_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        find_parties(tmp_path / "tree", {"gemmlowp": tmp_path})
    assert caught.value.message == (
        f"{tmp_path} was given for gemmlowp and is not gemmlowp: looked for"
        f" {tmp_path}/fixedpoint/fixedpoint.h and {tmp_path}/internal."
    )
    assert caught.value.hint == "Give the folder that an archive of gemmlowp unpacks to."


def test_what_is_missing_is_an_error_only_when_it_is_needed_and_names_every_place(
    write_files: WriteFiles, tmp_path: Path
) -> None:
    (write_files(tmp_path / "tree/tensorflow", SCHEMA) / "tensorflow/lite/micro").mkdir()
    parties = find_parties(tmp_path / "tree", {})
    assert parties.found == {}
    with pytest.raises(SourceError) as caught:
        parties.need("ruy", "a.h includes ruy/profiler/instrumentation.h")
    places = [
        "/tree/tensorflow/tensorflow/lite/micro/tools/make/downloads",
        "/tree/tensorflow/tensorflow/lite/micro/tools",
        "/tree/tensorflow/tensorflow/lite",
        "/tree/tensorflow/third_party",
        "/tree/tensorflow",
        "/tree",
        "",
    ]
    assert caught.value.message == (
        "ruy is missing: a.h includes ruy/profiler/instrumentation.h. Looked for folders called ruy with"
        " ruy/profiler/instrumentation.h below them, in"
        + "".join(f"\n    {tmp_path}{place}" for place in places)
    )
    assert caught.value.hint == (
        "Put ruy beside the tree, or give it as a source of the runtime (matrix/runtimes)."
    )


def test_cmsis_5_has_cmsis_nn_as_a_part(write_files: WriteFiles, tmp_path: Path) -> None:
    both = {**CMSIS, **{f"NN/{name}": text for name, text in CMSIS_NN.items()}}
    folder = write_files(tmp_path / "CMSIS_5" / "CMSIS", both).parent
    parties = find_parties(tmp_path / "tree", {})
    network = parties.found["cmsis-nn"]
    assert (network.folder, network.base) == (folder, folder / "CMSIS/NN")
    assert parties.outside() == {"cmsis": folder}
    assert parties.place(network.base / "Source/a.c", network) == Place("cmsis", "CMSIS/NN/Source/a.c")


def test_a_cmsis_that_is_given_brings_its_cmsis_nn_before_what_is_in_the_tree(
    write_files: WriteFiles, tmp_path: Path
) -> None:
    write_files(tmp_path / "tree/third_party/cmsis_nn", CMSIS_NN)
    both = {**CMSIS, **{f"NN/{name}": text for name, text in CMSIS_NN.items()}}
    given = write_files(tmp_path / "given", both)
    assert find_parties(tmp_path / "tree", {"cmsis": given}).found["cmsis-nn"].tree == "cmsis"
    core_alone = write_files(tmp_path / "core", CMSIS)
    parties = find_parties(tmp_path / "tree", {"cmsis": core_alone})
    assert parties.found["cmsis-nn"].tree == "tensorflow"


def test_a_cmsis_nn_in_the_tree_wins_over_one_that_lies_beside_it(
    write_files: WriteFiles, tmp_path: Path
) -> None:
    inside = {f"CMSIS/NN/{name}": text for name, text in CMSIS_NN.items()}
    write_files(tmp_path / "tree", SCHEMA)
    write_files(tmp_path / "tree/tensorflow/lite/micro/tools/cmsis", inside)
    write_files(tmp_path / "cmsis-nn", CMSIS_NN)
    assert found(tmp_path / "tree", "cmsis-nn").tree == "tensorflow"


def test_a_missing_cmsis_nn_is_looked_for_by_itself_and_in_cmsis(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        find_parties(tmp_path / "tree", {}).need("cmsis-nn", "the kernels call it")
    assert caught.value.message.startswith(
        "cmsis-nn is missing: the kernels call it. Looked for folders called cmsis_nn or cmsis-nn or CMSIS-NN"
        " with Include/arm_nnfunctions.h below them, or cmsis or CMSIS or CMSIS_5 or CMSIS_6 with"
        " NN/Include/arm_nnfunctions.h, in\n"
    )


def test_beside_a_link_is_where_the_link_lies(write_files: WriteFiles, tmp_path: Path) -> None:
    (tmp_path / "real" / "tree").mkdir(parents=True)
    write_files(tmp_path / "real" / "flatbuffers", FLATBUFFERS)
    folder = write_files(tmp_path / "mine" / "flatbuffers", FLATBUFFERS)
    (tmp_path / "mine" / "tree").symlink_to(tmp_path / "real" / "tree")
    assert found(tmp_path / "mine" / "tree", "flatbuffers").folder == folder


def test_a_place_is_a_name_below_the_folder_that_has_it(tmp_path: Path) -> None:
    cmsis = Party("cmsis-nn", tmp_path / "CMSIS", tmp_path / "CMSIS" / "NN", "cmsis")
    inside = Party("ruy", tmp_path / "tree" / "ruy", tmp_path / "tree" / "ruy", "tensorflow")
    parties = Parties(tmp_path / "tree", {"cmsis": cmsis, "ruy": inside})
    assert parties.place(tmp_path / "tree/a/b.cc") == Place("tensorflow", "a/b.cc")
    assert parties.place(tmp_path / "tree/ruy/c.h", inside) == Place("tensorflow", "ruy/c.h")
    assert parties.place(tmp_path / "CMSIS/NN", cmsis) == Place("cmsis", "NN")


@pytest.mark.parametrize(
    ("include", "name"),
    [
        ("flatbuffers/flatbuffers.h", "flatbuffers"),
        ("fixedpoint/fixedpoint.h", "gemmlowp"),
        ("profiling/instrumentation.h", "gemmlowp"),
        ("ruy/profiler/instrumentation.h", "ruy"),
        ("arm_nnfunctions.h", "cmsis-nn"),
        ("arm_math.h", "cmsis-nn"),
        ("cmsis/CMSIS/NN/Include/arm_nnfunctions.h", "cmsis-nn"),
        ("Include/arm_nnfunctions.h", "cmsis-nn"),
        ("cmsis_compiler.h", "cmsis"),
        # Of CMSIS's own headers, for another compiler.
        ("cmsis_armclang.h", None),
        ("arm_neon.h", None),
        ("arm_mve.h", None),
        ("vector", None),
    ],
)
def test_an_include_tells_the_library_that_it_is_from(include: str, name: str | None) -> None:
    assert party_of_include(include) == name
