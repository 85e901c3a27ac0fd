"""How far work is, in words: the same facts for a terminal and for a log."""

from mcumatrix.printable import printable
from mcumatrix.progress.tally import AtWork, Snapshot, Transfer

_NAMED = 3
"""How many tasks a line names; there may be as many as a lab has boards."""


def counts(snapshot: Snapshot) -> str:
    """As in `12 of 64 done, 1 failed, 2 at work, 49 left, about 3 min to go`."""
    parts = [f"{snapshot.done:,} of {snapshot.total:,} done"]
    parts += [f"{snapshot.failed:,} failed"] * bool(snapshot.failed)
    parts += [f"{snapshot.blocked:,} blocked"] * bool(snapshot.blocked)
    parts += [f"{len(snapshot.at_work):,} at work"] * bool(snapshot.at_work)
    parts += [f"{snapshot.left:,} left"] * bool(snapshot.left)
    if snapshot.left_s is not None:
        parts.append(f"about {rounded_time(snapshot.left_s)} to go")
    return ", ".join(parts)


def line(snapshot: Snapshot) -> str:
    """All of it in one line, for a log; those that are at work longest are named."""
    longest = sorted(snapshot.at_work, key=lambda one: -one.for_s)
    named = [task_in_words(one) for one in longest[:_NAMED]]
    named += [f"and {len(longest) - _NAMED:,} more"] * (len(longest) > _NAMED)
    transfers = [transfer_in_words(one) for one in snapshot.transfers]
    return "; ".join(filter(None, (counts(snapshot), ", ".join(named), ", ".join(transfers))))


def task_in_words(one: AtWork) -> str:
    """As in `run:variant on board-1 for 12 s of about 40 s`."""
    where = f" on {printable(one.where)}" if one.where else ""
    return f"{printable(one.task)}{where} for {times_in_words(one)}"


def times_in_words(one: AtWork) -> str:
    """As in `12 s of about 40 s`."""
    usual = f" of about {rounded_time(one.usual_s)}" if one.usual_s and one.usual_s >= 1 else ""
    return f"{rounded_time(one.for_s)}{usual}"


def transfer_in_words(one: Transfer) -> str:
    """As in `fetch model.tflite 12.0 of 96.5 MB (12 %)`."""
    what = f"{one.activity} {printable(one.name)}"
    if not one.total_bytes:
        return f"{what} {one.done_bytes / 1e6:.1f} MB"
    percent = 100 * one.done_bytes // one.total_bytes
    return f"{what} {one.done_bytes / 1e6:.1f} of {one.total_bytes / 1e6:.1f} MB ({percent} %)"


def rounded_time(seconds: float) -> str:
    """A time as exact as one is interested in it: `8 s`, `3 min`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
