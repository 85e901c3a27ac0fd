"""What one build may use of this machine."""

import os
from dataclasses import dataclass

_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a build may use. What passes a limit is ended, and the error says which it was.

    `memory_bytes` includes what is in `/tmp`, which holds at most `temporary_bytes`. `output_bytes` is also
    the most that a single file may have anywhere. `ccache_bytes` is beyond what ccache itself keeps to.
    """

    memory_bytes: int
    processes: int
    temporary_bytes: int = 512 * _MIB
    output_bytes: int = 2 * _GIB
    output_files: int = 100_000
    ccache_bytes: int = 4 * _GIB
    log_bytes: int = 64 * _MIB


def limits_of_machine() -> Limits:
    """Limits with room for as many compilers as there are cores, as far as this machine has the memory."""
    cores = os.cpu_count() or 1
    physical_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Limits(
        memory_bytes=min(physical_bytes * 4 // 5, max(4 * _GIB, cores * _GIB)), processes=max(512, 16 * cores)
    )


def shown_size(size_bytes: int) -> str:
    """A size as people read it: `512 MiB`, `1.5 GiB`."""
    return f"{size_bytes / _GIB:.3g} GiB" if size_bytes >= _GIB else f"{size_bytes / _MIB:.3g} MiB"
