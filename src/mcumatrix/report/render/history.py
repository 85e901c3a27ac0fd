"""Runs over time as text, Markdown and JSON."""

import json
from collections.abc import Sequence

from mcumatrix.report.content.history import Past, runs_table, steps_table, summary_of
from mcumatrix.report.content.tables import Table
from mcumatrix.report.render.markdown import inert, to_markdown
from mcumatrix.report.render.terminal import parts_text

SCHEMA = 1
"""Of the JSON; raised when a field changes its meaning."""


def history_text(pasts: Sequence[Past]) -> str:
    """For a terminal: a sentence for each variant, and its changes."""
    parts: list[Table | str] = []
    for past in pasts:
        parts += [summary_of(past), *([steps_table(past)] if past.steps else [])]
    return parts_text(parts)


def history_markdown(matrix: str, pasts: Sequence[Past]) -> bytes:
    """A section for each variant: its changes, and its runs."""
    parts = [f"# History of {inert(matrix)}"]
    for past in pasts:
        parts += [f"## {inert(past.variant)}", inert(summary_of(past))]
        if past.steps:
            parts.append(to_markdown(steps_table(past)))
        parts += [
            f"<details><summary>All {len(past.runs)} runs</summary>",
            to_markdown(runs_table(past)),
            "</details>",
        ]
    return ("\n\n".join(parts) + "\n").encode()


def history_json(matrix: str, pasts: Sequence[Past]) -> bytes:
    """The same for programs, with the time of each layer in each run."""
    document = {"schema": SCHEMA, "matrix": matrix, "variants": [_past(past) for past in pasts]}
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _past(past: Past) -> dict[str, object]:
    return {
        "variant": past.variant,
        "deterministic": past.deterministic,
        "left_out": past.left_out,
        "runs": [
            {
                "run": run.number,
                "finished_at": run.finished_at,
                "project": run.commit or None,
                "record": run.record,
            }
            for run in past.runs
        ],
        "layers": [{"layer": layer, "msec": list(values)} for layer, values in past.msec.items()],
        "changes": [
            {
                "run": step.run,
                "layer": step.layer,
                "before_msec": step.before_msec,
                "after_msec": step.after_msec,
                "relative": step.relative,
            }
            for step in past.steps
        ],
    }
