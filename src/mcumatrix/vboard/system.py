"""Which peripherals the virtual board has, and how they are wired to each other and to the outside.

             +-------- Core (Unicorn, native hooks) --------+
             |  cycles            registers        memory   |
             +----+-------------------+----------------+----+
                  |                   |                |
            VirtualClock             Bus         memory_map.REGIONS
             (alarms)                 |
+------+------+-------+------+--------+---+-----+------+------+-------------+
RCC   PWR   FLASH   GPIO   USART1/6    SysTick NVIC   SCB   MPU   DWT, FPB, ITM, debug
                              |            \\     |    /
                         SerialLine          ExceptionUnit
                              |
                    in process, or PtyPort
"""

from collections.abc import Callable
from dataclasses import dataclass

from mcumatrix.vboard.bus import Bus
from mcumatrix.vboard.clock import VirtualClock
from mcumatrix.vboard.core import Core
from mcumatrix.vboard.debug.rom_table import ROM_TABLE
from mcumatrix.vboard.exceptions import ExceptionNumber, ExceptionUnit
from mcumatrix.vboard.findings import Finding
from mcumatrix.vboard.peripherals.core_debug import CoreDebug, Dbgmcu, DebuggedCore
from mcumatrix.vboard.peripherals.dwt import Dwt
from mcumatrix.vboard.peripherals.flash import FlashInterface
from mcumatrix.vboard.peripherals.fpb import Fpb
from mcumatrix.vboard.peripherals.gpio import PORTS, Gpio
from mcumatrix.vboard.peripherals.itm import Itm
from mcumatrix.vboard.peripherals.mpu import Mpu
from mcumatrix.vboard.peripherals.nvic import Nvic
from mcumatrix.vboard.peripherals.pwr import Pwr
from mcumatrix.vboard.peripherals.rcc import AHB1ENR, APB1ENR, APB2ENR, Rcc
from mcumatrix.vboard.peripherals.scb import CONTROL_SPACE, SystemControl
from mcumatrix.vboard.peripherals.systick import SysTick
from mcumatrix.vboard.peripherals.usart import Surroundings, Usart
from mcumatrix.vboard.peripherals.watchpoints import Watchpoints
from mcumatrix.vboard.registers import Register, RegisterBlock
from mcumatrix.vboard.serial_line import SerialLine


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin of the package and the alternate function that a USART needs there."""

    port: str
    number: int
    alternate_function: int

    def __str__(self) -> str:
        return f"P{self.port}{self.number}"


@dataclass(frozen=True, slots=True)
class UsartWiring:
    """Where a USART is (RM0385 table 1), and which pins the board leads out (UM1907, DS10916 table 12)."""

    name: str
    base: int
    interrupt: int
    enable_bit: int
    clock_field: int
    transmit: Pin
    receive: Pin


FLASH_INTERRUPT = 4  # RM0385 section 10.1.2

USARTS = (
    UsartWiring("USART1", 0x4001_1000, 37, 4, 0, Pin("A", 9, 7), Pin("B", 7, 7)),
    UsartWiring("USART6", 0x4001_1400, 71, 5, 10, Pin("C", 6, 8), Pin("C", 7, 8)),
)


class System:
    """All peripherals of one board, on its bus."""

    def __init__(
        self,
        core: Core,
        lines: dict[str, SerialLine],
        *,
        host_baud: int,
        report: Callable[[Finding], None],
        request_reset: Callable[[], None],
        wait_for_host: Callable[[float], None],
        debugged: DebuggedCore,
    ) -> None:
        self.core = core
        self.clock = VirtualClock(core)
        self.exceptions = ExceptionUnit(core)
        self.bus = Bus(core, report)
        self.rcc = Rcc()
        self.bus.attach(self.rcc)
        self.bus.attach(Pwr(), lambda: self.rcc.enabled(APB1ENR, 28))
        self.flash = FlashInterface(
            core,
            self.clock,
            core_clock_hz=lambda: self.core_clock_hz,
            interrupt=lambda level: self.exceptions.set_line(FLASH_INTERRUPT, level),
            report=report,
        )
        self.bus.attach(self.flash)
        self.ports = {port: Gpio(port) for port in PORTS}
        for bit, port in enumerate(self.ports.values()):
            self.bus.attach(port, lambda bit=bit: self.rcc.enabled(AHB1ENR, bit))  # type: ignore[misc]
        self.scb = SystemControl(
            self.exceptions,
            lambda: core.read_register(core.xpsr) & 0x1FF,
            request_reset,
            core.set_fpu_enabled,
            core.blocks,
        )
        self.systick = SysTick(self.clock, lambda: self.exceptions.pend(ExceptionNumber.SYSTICK))
        dwt = Dwt(self.clock)
        self.debug = CoreDebug(debugged, dwt.set_trace_enabled, self.scb.record_debug_event)
        self.dbgmcu = Dbgmcu()
        self.watchpoints = Watchpoints(core.set_watchpoints)
        control_space = RegisterBlock("system control space", 0xE000_E000, CONTROL_SPACE)
        for block in (
            self.systick,
            Nvic(self.exceptions),
            self.scb,
            Mpu(),
            self.debug,
            dwt,
            Fpb(core.set_breakpoints),
            self.watchpoints,
            Itm(),
            self.dbgmcu,
            control_space,
            RegisterBlock("CoreSight", 0, [Register("ID", at, reset=word) for at, word in ROM_TABLE.items()]),
        ):
            self.bus.attach(block)
        self.usarts: dict[str, Usart] = {}
        for wiring in USARTS:
            usart = self._usart(wiring, lines[wiring.name], host_baud, report, wait_for_host)
            self.usarts[wiring.name] = usart
            self.bus.attach(usart, lambda bit=wiring.enable_bit: self.rcc.enabled(APB2ENR, bit))  # type: ignore[misc]

    def _usart(
        self,
        wiring: UsartWiring,
        line: SerialLine,
        host_baud: int,
        report: Callable[[Finding], None],
        wait_for_host: Callable[[float], None],
    ) -> Usart:
        return Usart(
            wiring.name,
            wiring.base,
            Surroundings(
                clock=self.clock,
                line=line,
                kernel_clock_hz=lambda: self.rcc.baud_clock_hz(wiring.clock_field, self.rcc.clocks.pclk2_hz),
                core_clock_hz=lambda: self.core_clock_hz,
                tx_wired=lambda: self._wired(wiring.transmit),
                rx_wired=lambda: self._wired(wiring.receive),
                interrupt=lambda level: self.exceptions.set_line(wiring.interrupt, level),
                quiet_period_cycles=lambda: self.systick.period_cycles,
                wait_for_host=wait_for_host,
                report=report,
                pins=f"{wiring.transmit} and {wiring.receive}",
                host_baud=host_baud,
            ),
        )

    def _wired(self, pin: Pin) -> bool:
        return self.ports[pin.port].alternate_function(pin.number) == pin.alternate_function

    @property
    def core_clock_hz(self) -> int:
        """The core runs on HCLK (RM0385 figure 13)."""
        return self.rcc.clocks.hclk_hz or 1

    def reset(self, *, power_on: bool = False) -> None:
        """Every peripheral and the exception unit; debug blocks only when the power comes on."""
        self.exceptions.reset()
        self.bus.reset(power_on=power_on)
