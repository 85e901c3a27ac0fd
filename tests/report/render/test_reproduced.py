"""What came of reproducing results, for people and for programs."""

import json

from mcumatrix.model.reproduction import Outcome, Published, Rebuild, Reproduction
from mcumatrix.report.content.reproduced import Reproduced, Reproducibility
from mcumatrix.report.render.reproduced import reproduced_json, reproduced_markdown

PUBLISHED = Published(
    "20260102T030405.000000Z-ffffffffffff",
    "e" * 64,
    Outcome.OTHER_IMAGE,
    image="section .text differs at 0x08000100, in <main|",
    inputs=("the compiler: gcc 12 there, gcc 14 here",),
    hint="Get theirs.",
)
FOUND = Reproduction(2, "f" * 64, "a_b", "d" * 64, (Rebuild("local", "d" * 64, ""),), "", PUBLISHED)
DONE = Reproducibility("quickstart", "theirs.tar.gz", (Reproduced("a_b", Outcome.OTHER_IMAGE, FOUND),))


def test_markdown_has_the_outcome_a_row_for_each_variant_and_how_to_learn_more() -> None:
    text = reproduced_markdown(DONE).decode()
    assert text.startswith("# quickstart, reproduced\n\nHeld against theirs.tar.gz. quickstart, 1 variants: ")
    assert "<main" not in text
    assert text.endswith("\n- Get theirs.\n")


def test_json_has_the_outcome_as_a_type_and_every_difference() -> None:
    document = json.loads(reproduced_json(DONE))
    assert (document["schema"], document["reproduced"]) == (1, False)
    assert document["counts"] == {"other image": 1}
    (one,) = document["variants"]
    assert one["outcome"] == "other image"
    assert one["found"]["published"]["inputs"] == ["the compiler: gcc 12 there, gcc 14 here"]
    assert one["found"]["rebuilds"] == [{"builder": "local", "elf_sha256": "d" * 64, "difference": ""}]
