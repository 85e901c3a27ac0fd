"""Keeps an eye on what a build takes of this machine, where the kernel has no limit or does not end it."""

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mcumatrix.adapters.builders.docker.container import Container
from mcumatrix.adapters.builders.docker.limits import Limits, shown_size
from mcumatrix.adapters.builders.docker.log import Log
from mcumatrix.errors import ToolError

_OUTPUT_EVERY_S = 0.25
_REST_EVERY = 8
"""In rounds of the output: a cache has many more files, and counting processes takes the engine's time."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What is in a folder. `is_whole` is false where a part of it cannot be read."""

    size_bytes: int
    files: int
    is_whole: bool


def measure(folder: Path, most_bytes: int, most_files: int) -> Usage:
    """Adds up a folder while somebody writes to it; stops early once it is above the most."""
    size_bytes, files, is_whole = 0, 0, True
    left: list[str] = [os.fspath(folder)]
    while left and size_bytes <= most_bytes and files <= most_files:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    files += 1
                    try:
                        status = entry.stat(follow_symlinks=False)
                        if entry.is_dir(follow_symlinks=False):
                            left.append(entry.path)
                    except FileNotFoundError:
                        continue
                    # A file with holes counts as what it would be without.
                    size_bytes += max(status.st_size, status.st_blocks * 512)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:  # no rights, or nested deeper than a path can be long
            is_whole = False
    return Usage(size_bytes, files, is_whole)


class Watch:
    """Measures the folders that a build writes to, counts its processes, and ends it above a limit."""

    def __init__(
        self,
        limits: Limits,
        output: Path,
        ccache: Path,
        log: Log,
        container: Container,
        *,
        limit_s: float = float("inf"),
    ) -> None:
        """`limit_s` is how long the build may take."""
        self.excess = ""
        """What the build did too much of, as the end of a sentence; empty as long as it did not."""
        self.is_ccache_flooded = False
        self._limits = limits
        self._output = output
        self._ccache = ccache
        self._log = log
        self._container = container
        self._limit_s = limit_s
        self.is_late = False
        """Whether it took longer than it may."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        # Once more for what was written last.
        self.excess = self.excess or self._log.excess or self._excess_of_output()

    def _watch(self) -> None:
        rounds, give_up_at = 0, time.monotonic() + self._limit_s
        while not self.excess and not self._ended.wait(_OUTPUT_EVERY_S):
            rounds += 1
            self.excess = self._log.excess or self._excess_of_output()
            if time.monotonic() > give_up_at:
                self.is_late = True
                self.excess = self.excess or "took too long"
            if rounds % _REST_EVERY == 0:
                self.excess = self.excess or self._excess_of_ccache() or self._excess_of_processes()
        if self.excess:
            # From here and not from who reads its output: the engine ends nothing while nobody reads that.
            self._container.kill()

    def _excess_of_output(self) -> str:
        limits = self._limits
        usage = measure(self._output, limits.output_bytes, limits.output_files)
        if not usage.is_whole:
            return "made a folder that cannot be read"
        # A single file is cut at the limit exactly.
        if usage.size_bytes >= limits.output_bytes:
            return f"wrote more than {shown_size(limits.output_bytes)} into its output folder"
        if usage.files > limits.output_files:
            return f"made more than {limits.output_files} files"
        return ""

    def _excess_of_ccache(self) -> str:
        usage = measure(self._ccache, self._limits.ccache_bytes, 10**9)
        if usage.size_bytes > self._limits.ccache_bytes:
            self.is_ccache_flooded = True
            return f"wrote more than {shown_size(self._limits.ccache_bytes)} into the folder of ccache"
        return ""

    def _excess_of_processes(self) -> str:
        # The kernel refuses further ones, but a program may try again for ever.
        with suppress(ToolError):  # who waits for the container finds out as well
            if self._container.processes() >= self._limits.processes:
                return f"wanted more than {self._limits.processes} processes at once"
        return ""
