"""What may stand in matrix/boards."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mcumatrix.matrix.schema.scalars import (
    Baud,
    CommandLine,
    Coordinator,
    Count,
    Duration,
    Name,
    OnOff,
    PlaceName,
    Probe,
    SerialPort,
    Strict,
    SwdFrequency,
)
from mcumatrix.model.catalogue import Board, BoardKind, ConnectMode, Timeouts, TimingModel
from mcumatrix.units import format_duration, format_frequency

_TIMEOUTS = Timeouts()
_BOARD = Board("", BoardKind.REAL, "")
_PROBE_HELP = "The unique id of its debug probe; without it, the only probe that is attached."
_SERIAL_PORT_HELP = "A device, or a URL of pyserial such as rfc2217://host:4000."
_POWER_CYCLE_HELP = "A command that switches it off and on again; no shell sees it."
_PLACE_HELP = "What its coordinator of labgrid calls it."


class WrittenKind(StrEnum):
    """What a file calls its board: how it is had."""

    VIRTUAL = "virtual"
    REAL = "real"
    LABGRID = "labgrid"


class TimeoutsFile(Strict):
    """How long each phase of a run may take, as in 10 s or 500 ms."""

    connect: Duration = Field(
        default=format_duration(_TIMEOUTS.connect_s), description="From the probe to a halted core."
    )
    program: Duration = Field(
        default=format_duration(_TIMEOUTS.program_s), description="Erasing, programming and reading back."
    )
    boot: Duration = Field(
        default=format_duration(_TIMEOUTS.boot_s), description="From reset to the end of the first words."
    )
    measure: Duration = Field(
        default=format_duration(_TIMEOUTS.measure_s),
        description="From the command to the end of its answer.",
    )


class UnitFile(Strict):
    """One of several specimens of a real board, or of one that is a place of labgrid."""

    probe: Probe = Field(default="", description="The unique id of its debug probe.")
    serial_port: SerialPort = Field(default="", description=_SERIAL_PORT_HELP)
    power_cycle: CommandLine = Field(default="", description=_POWER_CYCLE_HELP)
    place: PlaceName = Field(default="", description=_PLACE_HELP)


class EnergyMode(StrEnum):
    """What a current probe is to a board."""

    AMPERE = "ampere"
    SOURCE = "source"


class EnergyFile(Strict):
    """How the energy of each inference is measured."""

    probe: Name = Field(description="The adapter: ppk2, otii, joulescope, csv, or that of another package.")
    port: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        description="What the adapter opens: a serial port, a server, or the file of a trace."
    )
    voltage_v: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = Field(
        description="What the measured part is supplied with, in volts."
    )
    mode: EnergyMode = Field(
        default=EnergyMode.AMPERE,
        description="source: the probe supplies the board; ampere: it is in between.",
    )
    channel: Annotated[int, Field(ge=0, le=7)] = Field(
        default=0, description="The probe's digital input that the board's pin is wired to."
    )
    limit_a: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = Field(
        default=1.0, description="The largest current that the probe tells, in amperes."
    )
    accuracy_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] | None = Field(
        default=None, description="The probe's limit of error, in per cent of what it tells."
    )
    accuracy_source: Annotated[str, Field(max_length=200)] = Field(
        default="", description="Who says so: a data sheet, or a certificate of calibration."
    )


class BoardFile(Strict):
    """A place where an image runs. A real one has a probe and a serial port, one of labgrid a coordinator and
    a place, or units that have them."""

    description: str = ""
    kind: WrittenKind = Field(
        description="virtual boards give a model's times, real ones measured times; labgrid has either."
    )
    firmware_board: Name = Field(description="The folder under firmware/board/.")
    adapter: Name = Field(
        default="", description="The code that takes and gives back its units; without it, that of its kind."
    )
    flasher: Name = Field(default=_BOARD.flasher, description="What gets images onto it.")
    target: Name = Field(description="The chip as the flasher calls it; for pyocd such as stm32f407vg.")
    baud: Baud = Field(default=_BOARD.baud, description="Bits a second of the serial line.")
    connect: ConnectMode = Field(
        default=_BOARD.connect, description="How the debugger gets hold of the core."
    )
    swd_frequency: SwdFrequency = Field(
        default=format_frequency(_BOARD.swd_hz), description="The clock of the debug probe, such as 4 MHz."
    )
    timeouts: TimeoutsFile = Field(default=TimeoutsFile(), description="How long each phase may take.")
    probe: Probe = Field(default="", description=_PROBE_HELP)
    serial_port: SerialPort = Field(default="", description=_SERIAL_PORT_HELP)
    power_cycle: CommandLine = Field(default="", description=_POWER_CYCLE_HELP)
    coordinator: Coordinator = Field(default="", description="The coordinator of labgrid, HOST or HOST:PORT.")
    place: PlaceName = Field(default="", description=_PLACE_HELP)
    units: Annotated[list[UnitFile], Field(min_length=1)] = Field(
        default=[],
        description="Several specimens, over which runs spread; each has what one would have at the top.",
    )
    count: Count = Field(default=2, description="How many virtual specimens may run at once.")
    timing_model: TimingModel = Field(
        default=_BOARD.timing_model, description="How a virtual board makes its cycles."
    )
    health: OnOff = Field(
        default=OnOff.ON, description="Whether a unit has to show that it is fit before it is measured on."
    )
    energy: EnergyFile | None = Field(
        default=None, description="How the energy of its inferences is measured; real boards only."
    )
