"""A comparison of two result sets as Markdown, JSON and JUnit XML."""

import json
from dataclasses import asdict, replace
from xml.etree import ElementTree

from mcumatrix.report.content.gate import BAD, Gate, Judged, Judgement, rows
from mcumatrix.report.render.json import difference_rows
from mcumatrix.report.render.markdown import inert, to_markdown

SCHEMA = 1
"""Of the JSON; raised when a field changes its meaning."""


def gate_markdown(gate: Gate) -> bytes:
    """What stands below a pull request: the verdict, a row for each case, the layers of bad ones."""
    parts = [f"# {inert(gate.candidate)} against {inert(gate.base)}", inert(gate.summary)]
    if gate.differing:
        parts.append(f"The two differ in {inert('; '.join(gate.differing))}.")
    if gate.cases:
        parts.append(to_markdown(rows(gate)))
    for judged in gate.cases:
        if judged.judgement in BAD and judged.pair is not None:
            parts += [f"## {inert(judged.case)}: {judged.judgement}", to_markdown(judged.pair.table)]
        elif judged.side_by_side is not None:
            parts += [
                f"## {inert(judged.case)}: side by side, not comparable",
                to_markdown(judged.side_by_side),
            ]
    return ("\n\n".join(parts) + "\n").encode()


_SUMMARY_BYTES = 1024 * 1024 - 4096
"""GitHub takes 1 MiB for a step, and nothing of what is larger."""


def job_summary(gate: Gate) -> bytes:
    """What stands on the page of a run of GitHub Actions: the verdict, what is bad, the rest folded away."""
    bad = [judged for judged in gate.cases if judged.judgement in BAD]
    verdict = "passed" if gate.is_passed else "not passed"
    parts = [
        f"## {inert(gate.candidate)} against {inert(gate.base)}: {verdict}",
        f"> [!{'NOTE' if gate.is_passed else 'CAUTION'}]\n> {inert(gate.summary)}",
    ]
    if gate.differing:
        parts.append(f"The two differ in {inert('; '.join(gate.differing))}.")
    folded = [
        (f"{inert(judged.case)}: each layer", to_markdown(judged.pair.table)) for judged in bad if judged.pair
    ]
    if bad:
        folded.insert(0, ("", to_markdown(rows(replace(gate, cases=tuple(bad))))))
    if len(bad) < len(gate.cases):
        folded.append((f"All {len(gate.cases)} cases", to_markdown(rows(gate))))
    left = _SUMMARY_BYTES - sum(len(part.encode()) for part in parts)
    for title, table in folded:
        part = f"<details><summary>{title}</summary>\n\n{table}\n\n</details>" if title else table
        left -= len(part.encode())
        if left < 0:
            parts.append("More does not fit here; the JSON file of the comparison has it.")
            break
        parts.append(part)
    return ("\n\n".join(parts) + "\n\n").encode()


def gate_json(gate: Gate) -> bytes:
    """The same for programs."""
    document = {
        "schema": SCHEMA,
        "base": gate.base,
        "candidate": gate.candidate,
        "passed": gate.is_passed,
        "thresholds": {
            "total_percent": gate.thresholds.total_percent,
            "layer_percent": gate.thresholds.layer_percent,
        },
        "differing": list(gate.differing),
        "cases": [_case(judged) for judged in gate.cases],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _case(judged: Judged) -> dict[str, object]:
    pair = judged.pair
    return {
        "case": judged.case,
        "judgement": judged.judgement.value,
        "reasons": list(judged.reasons),
        "refusal": judged.refusal.kind.value if judged.refusal else None,
        "differing": list(pair.differing) if pair else [],
        "deterministic": pair.deterministic if pair else None,
        "rows": [asdict(row) for row in difference_rows(pair)] if pair else [],
    }


def gate_junit(gate: Gate) -> bytes:
    """JUnit XML, as CI services show it: a test for each case, a failure for each that is bad."""
    bad = sum(judged.judgement in BAD for judged in gate.cases)
    new = sum(judged.judgement is Judgement.NEW for judged in gate.cases)
    counts = {"tests": str(len(gate.cases)), "failures": str(bad), "skipped": str(new), "errors": "0"}
    suite = ElementTree.Element("testsuite", {"name": f"{gate.candidate} against {gate.base}", **counts})
    for judged in gate.cases:
        case = ElementTree.SubElement(suite, "testcase", {"classname": gate.candidate, "name": judged.case})
        reasons = "\n".join(judged.reasons)
        if judged.judgement in BAD:
            failure = ElementTree.SubElement(case, "failure", {"message": reasons, "type": judged.judgement})
            failure.text = reasons
        elif judged.judgement is Judgement.NEW:
            ElementTree.SubElement(case, "skipped", {"message": reasons})
    ElementTree.indent(suite)
    text: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text + b"\n"
