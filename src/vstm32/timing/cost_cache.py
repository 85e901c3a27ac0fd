"""Costs of blocks that a timing model has worked out before, kept in a file beside the compiled modules.

A board that starts has to know some hundred costs before its firmware says a word, and to disassemble takes
longer than to read. The file's name has a hash of the model's sources and says which disassembler it was, so
that it is never older than they are. It can be removed at any time, and costs are the same without it.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from vstm32.timing.block_cost import (
    BlockCost,
    CodeMemory,
    MemorySystem,
    m7_block_cost,
    m7_cost_after,
)
from vstm32.timing.m4_cost import m4_block_cost, m4_cost_after

MOST_ENTRIES = 4000
_FOLDER = Path(__file__).parent


@cache
def default_path() -> Path:
    """The file for the sources as they are."""
    digest = sha256(_disassembler().encode())
    for source in sorted(_FOLDER.glob("*.py")):
        digest.update(source.read_bytes())
    return _FOLDER / "__pycache__" / f"costs-{digest.hexdigest()[:16]}.json"


def _disassembler() -> str:
    """Which capstone is installed, found out without loading it: reading its version takes 50 ms."""
    spec = find_spec("capstone")
    if spec is None or spec.origin is None:
        return "none"
    status = Path(spec.origin).stat()
    return f"{spec.origin} {status.st_size} {status.st_mtime_ns}"


class CostCache:
    """The costs of the blocks of a core, from a file where it has them."""

    def __init__(self, path: Path | None = None, *, of_m4: bool = False) -> None:
        """`of_m4` says that the core is a Cortex-M4 and no M7."""
        self._path = path or default_path()
        self._core = "m4 " if of_m4 else ""
        self._block_cost = m4_block_cost if of_m4 else m7_block_cost
        self._cost_after = m4_cost_after if of_m4 else m7_cost_after
        self._known: dict[str, list[object]] = {}
        self._used: dict[str, list[object]] = {}
        self._has_new = False
        with suppress(OSError, ValueError):
            known = json.loads(self._path.read_text())
            if isinstance(known, dict):
                self._known = known

    def block(self, code: bytes, stands_in: CodeMemory, memory: MemorySystem) -> BlockCost:
        """As `m7_block_cost`, or `m4_block_cost`."""

        def work_out() -> list[object]:
            cost = self._block_cost(code, stands_in, memory)
            return [cost.entered, cost.left, cost.line_cycles, cost.ends_in_branch]

        entered, left, line_cycles, ends_in_branch = self._find(
            f"{self._core}{code.hex()} {_setting(stands_in, memory)}", work_out
        )
        return BlockCost(entered, tuple(left), line_cycles, ends_in_branch)  # type: ignore[arg-type]

    def after(
        self, before: bytes, code: bytes, taken: bool, stands_in: CodeMemory, memory: MemorySystem
    ) -> float:
        """As `m7_cost_after`, or `m4_cost_after`."""
        (cost,) = self._find(
            f"{self._core}{before.hex()} {code.hex()} {taken:d} {_setting(stands_in, memory)}",
            lambda: [self._cost_after(before, code, taken, stands_in, memory)],
        )
        return cost  # type: ignore[return-value]

    def _find(self, key: str, work_out: Callable[[], list[object]]) -> list[object]:
        found = self._used.get(key)
        if found is None:
            found = self._known.get(key)
            if found is None:
                found = work_out()
                self._has_new = True
            self._used[key] = found
        return found

    def save(self) -> None:
        """Writes the file if there is something new; where it cannot be written, nothing is lost but time.

        What this board has used stands first in it, and what no board has used for long falls out at its end.
        """
        if not self._has_new:
            return
        self._has_new = False
        aside = self._path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            latest = islice((self._used | self._known).items(), MOST_ENTRIES)
            aside.write_text(json.dumps(dict(latest)))
            aside.replace(self._path)


def _setting(stands_in: CodeMemory, memory: MemorySystem) -> str:
    caches = f"{memory.instruction_cache:d}{memory.data_cache:d}{memory.art:d}{memory.prices_addresses:d}"
    caches += f"{memory.prefetch:d}"
    return f"{stands_in.value} {caches} {memory.wait_states}"
