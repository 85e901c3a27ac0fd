"""Results to export, as tests need them."""

from mcumatrix.model.exported import Exported, ExportedCase, ExportedRow, ExportedTable, Revision

REVISION = Revision("0123456789abcdef0123456789abcdef01234567", 1_767_323_045)


MACHINE = "virtual-f746-m7-block-1"


def a_case(
    name: str = "simd",
    *,
    machine: str = MACHINE,
    scale: float = 1.0,
    conv_msec: tuple[float, ...] = (2.0, 2.5, 2.25),
) -> ExportedCase:
    """Two layers and the total; `scale` makes it slower."""
    conv = tuple(msec * scale for msec in conv_msec)
    return ExportedCase(
        name=f"builtin_{name}",
        machine=machine,
        axes={"runtime": "builtin", "kernels": name, "clock": "216 MHz", "board": "virtual-f746"},
        rows=(
            ExportedRow("CONV_2D", 0, conv, (min(conv), max(conv))),
            ExportedRow("SOFTMAX", 1, (0.5,) * len(conv)),
            ExportedRow("Total time", None, tuple(msec + 0.5 for msec in conv)),
        ),
        sizes_bytes={"flash": 100_200, "ram": 30_200},
        conditions={"compiler": "arm-none-eabi-gcc 12.2.1"},
        finished_at="2026-01-02T03:04:05.000000Z",
    )


def some_results(*cases: ExportedCase, revision: Revision | None = REVISION) -> Exported:
    """The cases, or one with reference kernels and one with SIMD, which is faster."""
    return Exported(
        name="quickstart",
        description="",
        cases=cases or (a_case("reference", scale=2.0), a_case()),
        tables=(
            ExportedTable("Cases", (), ("Case", "kernels"), (("[1]", "reference"), ("[2]", "simd"))),
            ExportedTable(
                "Time per layer (msec)",
                ("Estimated by the timing model m7-block-1 (±10 %).",),
                ("Layer", "[1]", "[2]"),
                (("CONV_2D", "4.500", "2.250"), ("Total time", "5.000", "-")),
            ),
        ),
        revision=revision,
    )
