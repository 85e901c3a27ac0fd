"""Findings are said once, counted and bounded."""

from dataclasses import replace

from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.board.journal import MOST_FINDINGS, Journal

FAULT = Finding(FindingKind.BUS_FAULT, 0x4000_0400, 0x0800_0100, Direction.READ, 4, "TIM3", "It reads.")


def _journal() -> tuple[Journal, list[Finding]]:
    said: list[Finding] = []
    names = {0x0800_0100: "main+0x24", 0x0800_0200: "start+0x8"}
    return Journal(said.append, lambda: None, lambda address: names.get(address, "")), said


def test_what_comes_again_is_counted_and_said_once() -> None:
    journal, said = _journal()
    for number in range(43_569):
        journal.report(replace(FAULT, status=f"CFSR {number}", stack=(f"{number:#010x}",)))
    assert [finding.sentence for finding in said] == [
        "It reads.",
        "The same fault has come 10000 times at 0x08000100: its handler returns to where it is.",
    ]
    assert [(finding.kind, finding.times) for finding in journal.findings] == [
        (FindingKind.BUS_FAULT, 43_569),
        (FindingKind.LOOP, 1),
    ]
    assert journal.loop == journal.findings[-1]
    assert journal.fault == journal.findings[0]


def test_there_is_a_limit_to_how_many_are_kept_and_it_is_said() -> None:
    journal, said = _journal()
    for address in range(3 * MOST_FINDINGS):
        journal.report(replace(FAULT, address=address))
    assert len(said) == len(journal.findings) == MOST_FINDINGS + 1
    assert journal.findings[-1] == replace(said[-1], times=2 * MOST_FINDINGS)
    assert said[-1].sentence == "There are more than 1000 different findings; further ones are counted only."


def test_the_fault_is_the_latest_one_also_where_it_came_before_and_a_lockup_goes_first() -> None:
    journal, _ = _journal()
    other = replace(FAULT, kind=FindingKind.USAGE_FAULT, sentence="It divides.")
    for finding in (FAULT, other, FAULT):
        journal.report(finding)
    assert journal.fault is not None
    assert journal.fault.sentence == "It reads."
    journal.report(replace(FAULT, kind=FindingKind.LOCKUP, sentence="Lockup."))
    journal.report(other)
    assert journal.fault.sentence == "Lockup."
    journal.begin_anew()
    assert (journal.fault, journal.findings) == (None, ())


def test_a_lockup_and_a_loop_are_known_also_where_no_more_are_kept() -> None:
    journal, _ = _journal()
    for address in range(MOST_FINDINGS):
        journal.report(replace(FAULT, address=address))
    for kind in (FindingKind.LOOP, FindingKind.LOCKUP):
        journal.report(replace(FAULT, kind=kind, sentence=f"A {kind}."))
    assert journal.loop is not None
    assert journal.loop.sentence == "A loop."
    assert journal.fault is not None
    assert journal.fault.sentence == "A lockup."


def test_functions_are_named_in_the_message_and_on_the_stack() -> None:
    journal, said = _journal()
    journal.report(
        replace(
            FAULT,
            sentence="The instruction at 0x08000100 reads.",
            status="BusFault: CFSR 0x00008200.",
            stack=("0x08000200", "0x08000300"),
        )
    )
    assert said[0].place == "main+0x24"
    assert said[0].message == (
        "The instruction at 0x08000100 (main+0x24) reads.\n"
        "  BusFault: CFSR 0x00008200.\n"
        "  Called from 0x08000200 start+0x8, 0x08000300."
    )
    assert str(said[0]) == "The instruction at 0x08000100 reads."
