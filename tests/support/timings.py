"""Times of cases as the tests need them."""

from mcumatrix.report.content.timings import Row, Timing


def a_timing(
    label: str,
    axes: dict[str, str],
    *layers: tuple[float, ...] | float,
    half_unit_msec: float = 0,
    deterministic: bool = False,
    **conditions: str,
) -> Timing:
    """Layers CONV_2D, SOFTMAX, ... with msec of their repeats."""
    repeats = [layer if isinstance(layer, tuple) else (layer,) for layer in layers]
    names = ("CONV_2D", "SOFTMAX", "ADD")
    return Timing(
        label,
        axes,
        tuple(Row(names[n], msec, half_unit_msec) for n, msec in enumerate(repeats)),
        Row("Total time", tuple(map(sum, zip(*repeats, strict=True))), half_unit_msec),
        conditions={name.replace("_", " "): value for name, value in conditions.items()},
        deterministic=deterministic,
    )
