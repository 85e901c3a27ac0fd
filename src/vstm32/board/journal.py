"""What the board has had to say about its firmware since its present run began."""

import threading
from collections.abc import Callable
from dataclasses import replace

from vstm32.base.findings import Direction, Finding, FindingKind

MOST_FINDINGS = 1000
"""More than that many different ones are counted and not kept."""
MANY_FAULTS = 10_000
"""A fault that has come so often at one place is one whose handler mends nothing."""

_FAULTS = (FindingKind.BUS_FAULT, FindingKind.PROTECTION, FindingKind.USAGE_FAULT, FindingKind.HARD_FAULT)


class Journal:
    """The findings of a run, oldest first: each is said and kept once, and counted. From any thread."""

    def __init__(
        self,
        on_finding: Callable[[Finding], None] | None,
        flush: Callable[[], None],
        place: Callable[[int], str],
    ) -> None:
        """`on_finding` is told of each when it comes for the first time; `flush` brings out before it what
        the firmware has said before it. `place` names the function at an address; "" where none is known.
        """
        self._on_finding = on_finding
        self._flush = flush
        self._place = place
        self._lock = threading.Lock()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forgets all of them: they belong to another run."""
        with self._lock:
            self._kept: dict[Finding, Finding] = {}
            self._left_out = 0
            self._fault: Finding | None = None
            self._latest: dict[FindingKind, Finding] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, each with how often it came."""
        with self._lock:
            kept, left_out = tuple(self._kept.values()), self._left_out
        return (*kept, _rest(left_out)) if left_out else kept

    @property
    def fault(self) -> Finding | None:
        """The lockup, else the latest fault, else None."""
        return self._latest.get(FindingKind.LOCKUP) or self._fault

    @property
    def loop(self) -> Finding | None:
        """The latest finding that the firmware goes on for ever and does nothing any more."""
        return self._latest.get(FindingKind.LOOP)

    def report(self, finding: Finding) -> None:
        """Writes one down."""
        # What makes two findings the same: all but what the stack and the status registers were.
        key = replace(finding, status="", stack=())
        before = self._kept.get(key)
        is_kept = before is not None or len(self._kept) < MOST_FINDINGS
        entry = replace(before, times=before.times + 1) if before else self._with_names(finding)
        with self._lock:
            if is_kept:
                self._kept[key] = entry
            else:
                self._left_out += 1
            # Whether there was room to keep it or not: what has ended the firmware is to be known.
            self._latest[finding.kind] = entry
            if finding.kind in _FAULTS:
                self._fault = entry
        if before is None and is_kept:
            self._tell(entry)
        elif not is_kept and self._left_out == 1:
            self._tell(_rest(1))
        if entry.times == MANY_FAULTS and finding.kind in _FAULTS:
            self.report(_fault_loop(finding))

    def _tell(self, finding: Finding) -> None:
        if self._on_finding is not None:
            self._flush()
            self._on_finding(finding)

    def _with_names(self, finding: Finding) -> Finding:
        stack = tuple(f"{caller} {self._place(int(caller, 16))}".rstrip() for caller in finding.stack)
        return replace(finding, place=self._place(finding.program_counter), stack=stack)


def _rest(times: int) -> Finding:
    sentence = f"There are more than {MOST_FINDINGS} different findings; further ones are counted only."
    return Finding(FindingKind.UNSUPPORTED, 0, 0, Direction.READ, 0, "", sentence, times=times)


def _fault_loop(fault: Finding) -> Finding:
    at = f"{fault.program_counter:#010x}"
    sentence = f"The same fault has come {MANY_FAULTS} times at {at}: its handler returns to where it is."
    return replace(fault, kind=FindingKind.LOOP, sentence=sentence)
