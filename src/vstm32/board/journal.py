"""What the board has had to say about its firmware since its present run began."""

from collections.abc import Callable

from vstm32.base.findings import Finding, FindingKind


class Journal:
    """The findings of a run, oldest first."""

    def __init__(self, on_finding: Callable[[Finding], None] | None, flush: Callable[[], None]) -> None:
        """`on_finding` is told of each; `flush` brings out before it what the firmware has said before it."""
        self._findings: list[Finding] = []
        self._on_finding = on_finding
        self._flush = flush

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return tuple(self._findings)

    @property
    def fault(self) -> Finding | None:
        """The lockup, else the latest bus or memory protection fault, else None."""
        for kinds in ((FindingKind.LOCKUP,), (FindingKind.BUS_FAULT, FindingKind.PROTECTION)):
            found = [finding for finding in self._findings if finding.kind in kinds]
            if found:
                return found[-1]
        return None

    def report(self, finding: Finding) -> None:
        """Writes one down."""
        self._findings.append(finding)
        if self._on_finding is not None:
            self._flush()
            self._on_finding(finding)

    def begin_anew(self) -> None:
        """Forgets all of them: they belong to another run."""
        self._findings.clear()
