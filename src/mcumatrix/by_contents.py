"""What was worked out of files by their contents alone, kept between runs so that it is not worked out again.

The file that keeps it may be removed at any time, and a damaged one, or one of other code, counts as none:
nothing is lost by either but time.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from mcumatrix.artifact import write_atomically
from mcumatrix.hashing import hash_bytes, hash_file

MAXIMUM_KEPT = 4_000
"""Where there would be more, only what was asked for in this run stays: a project has some hundred files."""


class Known:
    """Answers about contents: made of what JSON has, each depends on the contents and the code alone."""

    def __init__(self, file: Path | None, code: Iterable[Path], at_most: int | None = None) -> None:
        """`file` keeps the answers, or None does; `code` are the files that work them out: other code, other
        answers. Of more answers than `at_most`, `MAXIMUM_KEPT` if not given, those are kept that were asked
        for."""
        self._file = file
        self._at_most = at_most
        self._code = hash_bytes("".join(hash_file(path) for path in code).encode()) if file else ""
        self._kept: dict[str, Any] = _read(file, self._code) if file else {}
        self._asked: dict[str, Any] = {}
        self._has_more = False

    def answer(self, sha256: str, work_out: Callable[[], Any]) -> Any:
        """The answer about contents with that hash; `work_out` is asked where it is not known yet."""
        if sha256 not in self._asked:
            is_new = sha256 not in self._kept
            self._asked[sha256] = work_out() if is_new else self._kept[sha256]
            self._has_more = self._has_more or is_new
        return self._asked[sha256]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Keeps what was found, whatever came of it. Where nothing can be written, it is found again."""
        if self._file is None or not self._has_more:
            return
        together = self._kept | self._asked
        at_most = MAXIMUM_KEPT if self._at_most is None else self._at_most
        answers = together if len(together) <= at_most else self._asked
        body = json.dumps({"code": self._code, "answers": answers}).encode()
        with suppress(OSError):
            write_atomically(self._file, hash_bytes(body).encode() + b"\n" + body)


def _read(file: Path, code: str) -> dict[str, Any]:
    try:
        sha256, _, body = file.read_bytes().partition(b"\n")
    except OSError:
        return {}
    if sha256 != hash_bytes(body).encode():
        return {}
    kept = json.loads(body)
    answers: dict[str, Any] = kept["answers"] if kept["code"] == code else {}
    return answers
