"""What came of reproducing results, as Markdown and JSON."""

import json
from dataclasses import asdict

from mcumatrix.report.content.reproduced import Reproduced, Reproducibility, reproduced_table
from mcumatrix.report.render.markdown import inert, to_markdown

SCHEMA = 1
"""Of the JSON; raised when a field changes its meaning."""


def reproduced_markdown(done: Reproducibility) -> bytes:
    """The outcome, a row for each variant, and how to learn more."""
    parts = [
        f"# {inert(done.matrix)}, reproduced",
        f"Held against {inert(done.source)}. {inert(done.summary)}",
        to_markdown(reproduced_table(done.variants)),
        *(f"- {inert(hint)}" for hint in hints(done)),
    ]
    return ("\n\n".join(parts) + "\n").encode()


def reproduced_json(done: Reproducibility) -> bytes:
    """The same for programs, with every difference."""
    document = {
        "schema": SCHEMA,
        "matrix": done.matrix,
        "against": done.source,
        "reproduced": done.exit_code == 0,
        "counts": {outcome.value: count for outcome, count in done.counts.items()},
        "variants": [_variant(one) for one in done.variants],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _variant(one: Reproduced) -> dict[str, object]:
    return {
        "variant": one.variant,
        "outcome": one.outcome.value,
        "error": one.error,
        "explained": one.explained,
        "found": asdict(one.found) if one.found else None,
    }


def hints(done: Reproducibility) -> tuple[str, ...]:
    """How to learn more, each once."""
    published = (one.found.published for one in done.variants if one.found)
    return tuple(dict.fromkeys(each.hint for each in published if each and each.hint))
