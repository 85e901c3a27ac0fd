"""A profile is shown without losing a cycle, as a table and as a file that speedscope takes."""

import io

from hypothesis import given
from hypothesis import strategies as st

from support.speedscope import require_speedscope
from vstm32.look.profile_report import print_table, speedscope_text
from vstm32.look.profiler import CallPath, Profile, Stalls

PROFILE = Profile(
    (
        CallPath(("reset",), 10, 0, 1),
        CallPath(("reset", "main"), 90, 5, 1),
        CallPath(("reset", "main", "nn::Conv::Eval(int*, char const*)"), 880, 0, 3),
        CallPath(("reset", "main", "poll"), 20, 995, 2),
    ),
    is_complete=True,
)


def printed(profile):
    stream = io.StringIO()
    print_table(profile, "instructions", stream)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_the_table_has_each_function_and_all_cycles():
    assert printed(PROFILE) == [
        "Cycles of the core by function (timing model: instructions, an estimate)",
        "cycles    share  with callees    share  calls  function",
        "   880   88.0 %           880   88.0 %      3  nn::Conv::Eval",
        "    90    9.0 %           990   99.0 %      1  main",
        "    20    2.0 %            20    2.0 %      2  poll",
        "    10    1.0 %         1,000  100.0 %      1  reset",
        "",
        " 1,000  100.0 %                                (all functions)",
        " 1,000                                         (waiting): asleep, or polling a register",
        " 2,000                                         (all cycles of the board)",
    ]


def test_stalls_are_shown_where_they_are_known():
    paths = (
        CallPath(("main",), 90, 5, 1, Stalls(10, 20)),
        CallPath(("main", "f"), 1000, 0, 3, Stalls(300, 1)),
        CallPath(("g", "f"), 200, 0, 3, Stalls(50, 2)),
    )
    heading, f, main, *_ = printed(Profile(paths, is_complete=True))[1:]
    assert heading == "cycles    share  load/store  other stalls  with callees   share  calls  function"
    assert f == " 1,200   93.0 %         350             3         1,200  93.0 %      6  f"
    assert main == "    90    7.0 %          10            20         1,090  84.5 %      1  main"


def test_what_is_not_among_the_first_is_summed_up():
    many = Profile(tuple(CallPath((f"f{index}",), 1, 0, 1) for index in range(100)), is_complete=True)
    assert any(line.split() == ["70", "70.0", "%", "(70", "more", "functions)"] for line in printed(many))


def test_the_table_says_when_calls_could_not_be_told_apart():
    sentence = "There were more call paths than can be counted apart: some stand at their caller."
    assert printed(Profile(PROFILE.paths, is_complete=False))[-1] == sentence
    assert sentence not in printed(PROFILE)


def test_a_profile_of_nothing_is_a_table_of_nothing():
    assert printed(Profile((), is_complete=True))[-1].split()[0] == "0"


def test_names_are_text_and_no_markup():
    profile = Profile((CallPath(("[red]f[/red]",), 1, 0, 1),), is_complete=True)
    assert any(line.endswith("[red]f[/red]") for line in printed(profile))


NAMES = st.sampled_from(["a", "b", "c", "d(int)"])
PATHS = st.lists(
    st.builds(
        CallPath,
        st.lists(NAMES, min_size=1, max_size=5).map(tuple),
        st.integers(0, 1 << 40),
        st.integers(0, 1 << 40),
        st.integers(0, 100),
    ),
    max_size=20,
)


@given(PATHS)
def test_speedscope_gets_every_cycle(paths):
    profile = Profile(tuple(paths), is_complete=True)
    file = require_speedscope(speedscope_text(profile, "fw.elf", "instructions"))
    (only,) = file["profiles"]
    assert only["endValue"] == profile.cycles + profile.waited_cycles
    names = [frame["name"] for frame in file["shared"]["frames"]]
    assert len(set(names)) == len(names)


def test_speedscope_gets_the_stacks_and_waiting_is_a_frame():
    file = require_speedscope(speedscope_text(PROFILE, "fw.elf", "instructions"))
    names = [frame["name"] for frame in file["shared"]["frames"]]
    (only,) = file["profiles"]
    stacks = [tuple(names[index] for index in sample) for sample in only["samples"]]
    assert dict(zip(stacks, only["weights"], strict=True)) == {
        ("reset",): 10,
        ("reset", "main"): 90,
        ("reset", "main", "(waiting)"): 5,
        ("reset", "main", "nn::Conv::Eval(int*, char const*)"): 880,
        ("reset", "main", "poll"): 20,
        ("reset", "main", "poll", "(waiting)"): 995,
    }
    assert only["name"] == "fw.elf: cycles (timing model: instructions, an estimate)"


@given(PATHS)
def test_functions_have_all_cycles_and_no_callee_is_counted_twice(paths):
    profile = Profile(tuple(paths), is_complete=True)
    costs = profile.functions()
    assert sum(cost.cycles for cost in costs) == profile.cycles
    assert all(cost.cycles <= cost.inclusive_cycles <= profile.cycles for cost in costs)
