"""A plan for programs."""

import json

from mcumatrix.report.content.plan import Plan, findings_before

SCHEMA = 1
"""Of the JSON; raised when a field changes its meaning."""


def plan_json(plan: Plan) -> bytes:
    """What a run would do, variant by variant, and what was left out with the reason."""
    document = {
        "schema": SCHEMA,
        "matrix": plan.matrix.name,
        "builder": plan.builder,
        "libraries": list(plan.libraries),
        "images": plan.images,
        "to_run": plan.to_run,
        "variants": [
            {
                "variant": variant.slug,
                "axes": dict(variant.axes),
                "build": variant.is_built,
                "run": bool(variant.runs),
                "runs": variant.runs,
                "hindered": variant.hindered,
                "fingerprint": variant.fingerprint,
            }
            for variant in plan.variants
        ],
        "left_out": [
            {"axes": dict(exclusion.axes), "reason": exclusion.reason} for exclusion in plan.matrix.exclusions
        ],
        "findings": [str(finding) for finding in findings_before(plan.matrix, plan.compilations)],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
