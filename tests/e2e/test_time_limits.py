"""What takes too long is ended, and said; the others go on."""

import json
import re

from e2e.conftest import TWO_VARIANTS, MakeWorkplace
from mcumatrix.units import parse_duration_s
from support.processes import programs_below

HANGING = """
add_custom_target(hang ALL COMMAND sleep 600)
"""
LIBRARY_S = 3
SLOW_LIBRARIES = f"""
if(MCUMATRIX_PART STREQUAL "platform" OR MCUMATRIX_PART STREQUAL "model")
  add_custom_target(wait ALL COMMAND sleep {LIBRARY_S})
else()
  add_custom_target(hang ALL COMMAND sleep 600)
endif()
"""


def test_a_local_build_that_hangs_is_ended_and_its_variants_say_so(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace()
    # What does not hang is there already: on a busy machine it might take as long.
    lists = place.root / "firmware" / "runtime" / "CMakeLists.txt"
    lists.write_text(lists.read_text() + HANGING)
    place.write_matrix("slow", TWO_VARIANTS + "time_limits: {variant: 3 s}\n")
    ran = place.doit("matrix", "slow")
    assert ran.returncode == 1
    assert "the build took longer than 3 s and was ended." in ran.stdout
    records = [json.loads(path.read_bytes()) for path in place.records("slow")]
    assert [record["cause"] for record in records] == ["build", "build"]
    assert programs_below(place.root) == []


def test_the_time_of_a_matrix_ends_what_is_at_work_and_the_report_says_what_was_left_out(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace()
    lists = place.root / "firmware" / "runtime" / "CMakeLists.txt"
    original = lists.read_text()
    lists.write_text(original + HANGING)
    place.write_matrix("slow", TWO_VARIANTS + "time_limits: {matrix: 3 s}\n")
    ran = place.doit("matrix", "slow")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stderr.endswith(
        "not tried: the time limit of the matrix, 3 s, is over\n"
        "  Run it again to go on from there, or give it more under time_limits.\n"
    )
    assert "not tried: the time limit of the matrix, 3 s, is over" in place.report("slow")
    assert place.records("slow") == []
    assert programs_below(place.root) == []
    lists.write_text(original)
    place.write_matrix("slow", TWO_VARIANTS)
    assert place.doit("matrix", "slow").returncode == 0


def test_a_run_that_takes_too_long_is_ended_on_the_board(make_workplace: MakeWorkplace) -> None:
    place = make_workplace()
    slow = TWO_VARIANTS.replace("simd", "reference").replace("repeat: 2", "repeat: 400")
    place.write_matrix("long", slow + "time_limits: {variant: 3 s}\n")
    ran = place.doit("matrix", "long", "--select", "clock=216MHz")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "building and running took longer than 3 s in all, and the run was ended" in ran.stdout, ran.stdout
    [record] = [json.loads(path.read_bytes()) for path in place.records("long")]
    assert (record["status"], record["cause"], record["attempt"]) == ("timeout", "infrastructure", 1)


def test_building_and_running_a_variant_have_one_time_together(
    make_workplace: MakeWorkplace,
) -> None:
    """Its libraries take some of it, and linking its image, which hangs, is ended when the rest is over."""
    place = make_workplace()
    lists = place.root / "firmware" / "CMakeLists.txt"
    before, project, after = lists.read_text().partition("project(")
    line, _, after = after.partition("\n")
    lists.write_text(f"{before}{project}{line}{SLOW_LIBRARIES}{after}")
    place.write_matrix("two", TWO_VARIANTS + "time_limits: {variant: 15 s}\n")
    ran = place.doit("matrix", "two", "--select", "clock=216MHz")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    [record] = [json.loads(path.read_bytes()) for path in place.records("two")]
    assert record["status"] == "build"
    said = re.search(
        r": the build took longer than the (.+) that were left of 15 s and was ended\.", record["reason"]
    )
    assert said, record["reason"]
    assert parse_duration_s(said[1]) < 15 - LIBRARY_S
    assert programs_below(place.root) == []
