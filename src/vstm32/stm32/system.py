"""Which peripherals the virtual board has, and how they are wired to each other and to the outside.

             +-------- Core (Unicorn, native hooks) --------+
             |  cycles            registers        memory   |
             +----+-------------------+----------------+----+
                  |                   |                |
            VirtualClock             Bus         MemoryMap
             (alarms)                 |
+------+------+-------+------+--------+---+-----+------+------+-------------+
RCC   PWR   FLASH   GPIO   8 UARTs     SysTick NVIC   SCB   MPU   DWT, FPB, ITM, debug
  \\    |    /                |            \\     |    /
   ClockWatch            SerialLine          ExceptionUnit
                              |                  |
                    in process, or PtyPort     TIM2, TIM5, RNG, EXTI, DMA; besides: CRC, IWDG, SYSCFG

Which blocks of a family these are, and where, is in `families.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from vstm32.base.chip import CoreModel, FlashLayout, Pin, UsartWiring
from vstm32.base.findings import Finding
from vstm32.base.registers import Register, RegisterBlock
from vstm32.base.serial_line import SerialLine
from vstm32.cortex_m.clock import VirtualClock
from vstm32.cortex_m.core import Core
from vstm32.cortex_m.core_debug import CoreDebug, Dbgmcu, DebuggedCore
from vstm32.cortex_m.dwt import Dwt
from vstm32.cortex_m.event_counters import EventCounters
from vstm32.cortex_m.exceptions import ExceptionNumber, ExceptionUnit
from vstm32.cortex_m.fpb import Fpb
from vstm32.cortex_m.itm import Itm
from vstm32.cortex_m.mpu import Mpu
from vstm32.cortex_m.nvic import Nvic
from vstm32.cortex_m.protection import Protection
from vstm32.cortex_m.scb import SystemControl, control_space
from vstm32.cortex_m.systick import SysTick
from vstm32.cortex_m.watchpoints import Watchpoints
from vstm32.stm32.bus import Bus
from vstm32.stm32.bus_master import BusMaster
from vstm32.stm32.clock_limits import ClockWatch
from vstm32.stm32.crc import Crc
from vstm32.stm32.dma import REGISTERS as DMA_REGISTERS
from vstm32.stm32.dma import Dma
from vstm32.stm32.exti import Exti
from vstm32.stm32.families import FAMILIES
from vstm32.stm32.fmc import Fmc
from vstm32.stm32.gpio import Gpio
from vstm32.stm32.iwdg import Iwdg
from vstm32.stm32.n25q import N25q
from vstm32.stm32.quadspi import Quadspi
from vstm32.stm32.rcc import AHB1ENR, AHB2ENR, SOFTWARE_RESET, WATCHDOG_RESET
from vstm32.stm32.rcc_block import RESET_BEFORE_ENABLE
from vstm32.stm32.rng import Rng
from vstm32.stm32.rom_table import rom_table
from vstm32.stm32.syscfg import Syscfg
from vstm32.stm32.timer import REGISTERS as TIMER_REGISTERS
from vstm32.stm32.timer import Timer
from vstm32.stm32.usart import LOW_POWER_REGISTERS, Surroundings, Usart
from vstm32.stm32.usart import REGISTERS as USART_REGISTERS

# The same in all chips so far (section 10.1.2 of RM0385 and RM0410, 16.3 of RM0432).
FLASH_INTERRUPT = 4
RNG_INTERRUPT = 80
QUADSPI_INTERRUPT = 92
# Name, address, interrupt, bit in the enable register of APB1.
_MOST_PINS_NAMED = 4
TIMERS = (("TIM2", 0x4000_0000, 28, 0), ("TIM5", 0x4000_0C00, 50, 3))


class Clocked(Protocol):
    """A block that does something at a rate that RCC sets."""

    def clocks_changed(self) -> None:
        """RCC was written."""


class ExternalController(Clocked, Protocol):
    """The controller of a memory of the board."""

    def settle(self) -> None:
        """Pins have changed on which the memory may be."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the chip is connected to.

    `lines` has a serial line for each UART, `host_baud` is the rate at which their host listens, in bits per
    second. RNG's numbers follow from `random_seed`. `request_reset` is told the reason as a flag of RCC_CSR,
    `wait_for_host` may sleep that many seconds of the wall clock, and tells whether they may pass in virtual
    time.
    """

    lines: Mapping[str, SerialLine]
    host_baud: int
    random_seed: int
    report: Callable[[Finding], None]
    request_reset: Callable[[int], None]
    wait_for_host: Callable[[float], bool]
    serial_flash: Callable[[], memoryview]
    """What is in the serial flash on the board, if that has one."""

    debugged: DebuggedCore


class System:
    """All peripherals of one board, on its bus."""

    def __init__(self, core: Core, flash: FlashLayout, outside: Outside) -> None:
        """`flash` is one of the layouts of the core's chip."""
        report = outside.report
        self.core = core
        chip = core.chip
        self.clock = VirtualClock(core)
        self.exceptions = ExceptionUnit(core)
        self.bus = Bus(core, report)
        self.watch = ClockWatch(core, report)
        self._family = family = FAMILIES[chip.family]
        self.rcc = family.rcc(
            chip,
            changed=self._clocks_changed,
            complain=self.watch.complain,
            backup_writable=lambda: self.pwr.backup_writable,
        )
        self.bus.attach(self.rcc)
        self.pwr = family.pwr(self.rcc, self._check_clocks, self.watch.complain)
        self._attach(self.pwr, *family.pwr_enable)
        self.flash = family.flash(
            core,
            self.clock,
            flash,
            core_clock_hz=lambda: self.core_clock_hz,
            interrupt=self._line(FLASH_INTERRUPT),
            report=report,
            latency_changed=self._check_clocks,
        )
        self.bus.attach(self.flash)
        self.exti = Exti(
            chip.registers_of("EXTI", family.exti_registers),
            level_of=self._level_of_line,
            set_interrupt=self.exceptions.set_line,
            event=self.exceptions.note_event,
            base=family.exti_base,
            interrupts=family.exti_interrupts,
        )
        self._external: list[ExternalController] = []
        # Before the ports: when all are reset, pins must not come to a line that is still chosen.
        self.bus.attach(self.exti)
        self.ports = {
            port: Gpio(
                port,
                self._pins_changed,
                first_base=family.gpio_base,
                reset_mode=family.gpio_reset_modes.get(port, 0),
                has_brr=family.gpio_has_brr,
            )
            for port in family.gpio_ports
        }
        for bit, port in enumerate(self.ports.values()):
            self._attach(port, family.gpio_enable, bit)
        self.syscfg = Syscfg(
            chip.registers_of("SYSCFG", family.syscfg_registers), self.exti.look, family.syscfg_base
        )
        self._attach(self.syscfg, *family.syscfg_enable)
        self._attach(Crc(), *family.crc_enable)
        self.dmas = self._dmas()
        self._blocks_at_rate: list[Clocked] = []
        self._serial_flash: N25q | None = None
        self._attach_sdram()
        self._attach_serial_flash(outside.serial_flash)
        self._blocks_at_rate.extend(self._external)
        self._attach_rng(outside.random_seed)
        self.iwdg = Iwdg(
            self.clock,
            core_clock_hz=lambda: self.core_clock_hz,
            request_reset=lambda: outside.request_reset(WATCHDOG_RESET),
        )
        self.bus.attach(self.iwdg)
        self.timers = [self._timer(*timer) for timer in TIMERS]
        self.scb = SystemControl(
            chip.core,
            self.exceptions,
            lambda: core.read_register(core.xpsr) & 0x1FF,
            lambda: outside.request_reset(SOFTWARE_RESET),
            core.set_fpu_enabled,
            core.set_stir_for_all,
            core.trap_division_by_zero,
            core.blocks,
        )
        self.systick = SysTick(self.clock, lambda: self.exceptions.pend(ExceptionNumber.SYSTICK))
        dwt = Dwt(
            self.clock,
            has_lock=chip.core.model is not CoreModel.CORTEX_M4,
            events=EventCounters(core) if core.events is not None else None,
        )
        self.debug = CoreDebug(outside.debugged, dwt.set_trace_enabled, self.scb.record_debug_event)
        self.dbgmcu = Dbgmcu(chip)
        self.watchpoints = Watchpoints(core.stops.set_watchpoints)
        self.mpu = Mpu(chip.core.mpu_regions)
        self.protection = Protection(core, self.exceptions, self.mpu)
        self.mpu.changed = self.protection.forget
        self.exceptions.frames.allowed = self.protection.allows
        identification = rom_table(chip.signature.device_id, chip.core.model).items()
        for block in (
            self.systick,
            Nvic(self.exceptions),
            self.scb,
            self.mpu,
            self.debug,
            dwt,
            Fpb(core.stops.set_breakpoints),
            self.watchpoints,
            Itm(),
            self.dbgmcu,
            control_space(chip),
            RegisterBlock("CoreSight", 0, [Register("ID", at, reset=word) for at, word in identification]),
        ):
            self.bus.attach(block)
        self.usarts: dict[str, Usart] = {}
        for wiring in chip.usarts:
            usart = self._usart(wiring, outside)
            self.usarts[wiring.name] = usart
            self._attach(usart, wiring.enable_register, wiring.enable_bit)

    def _dmas(self) -> list[Dma]:
        master = BusMaster(self.core, self.bus)
        dmas = []
        for name, bit in self._family.dma_enable_bits.items():
            dma = Dma(
                name,
                self.core.chip.registers_of("DMA", DMA_REGISTERS),
                master=master,
                clock=self.clock,
                set_interrupt=self.exceptions.set_line,
                complain=self.watch.complain,
            )
            self._attach(dma, AHB1ENR, bit)
            dmas.append(dma)
        return dmas

    def _attach_sdram(self) -> None:
        enable = self._family.fmc_enable
        if enable is None:
            return
        fmc = Fmc(
            self.core,
            self.core.chip.kit.sdram,
            hclk_hz=lambda: self.core_clock_hz,
            is_clocked=lambda: self.rcc.enabled(*enable),
            missing_pins=self._missing_pins,
            complain=self.watch.complain,
        )
        self._attach(fmc, *enable)
        self._external.append(fmc)

    def _attach_serial_flash(self, contents: Callable[[], memoryview]) -> None:
        enable, part = self._family.quadspi_enable, self.core.chip.kit.serial_flash
        if enable is None:
            return
        if part is not None:
            self._serial_flash = N25q(
                part,
                contents,
                now=lambda: self.clock.now,
                clock_hz=lambda: self.core_clock_hz,
                complain=self.watch.complain,
            )
        quadspi = Quadspi(
            self.core,
            self.clock,
            part,
            self._serial_flash,
            hclk_hz=lambda: self.core_clock_hz,
            is_clocked=lambda: self.rcc.enabled(*enable),
            missing_pins=self._missing_pins,
            interrupt=self._line(QUADSPI_INTERRUPT),
            complain=self.watch.complain,
        )
        self._attach(quadspi, *enable)
        self._external.append(quadspi)

    def _missing_pins(self, pins: tuple[Pin, ...]) -> str:
        """Which of some pins are not in their alternate function, as a phrase; "" if all are."""
        missing = [pin for pin in pins if not self._wired(pin)]
        if not missing:
            return ""
        names = ", ".join(str(pin) for pin in missing[:_MOST_PINS_NAMED])
        more = ", ..." if len(missing) > _MOST_PINS_NAMED else ""
        return f"{names}{more} not in alternate function {missing[0].alternate_function} (GPIO MODER and AFR)"

    def _pins_changed(self) -> None:
        self.exti.look()
        for controller in self._external:
            controller.settle()

    def _attach_rng(self, seed: int) -> None:
        clock_hz = self._family.rng_clock_hz
        if clock_hz is None:
            return
        rng = Rng(
            self.clock,
            seed=seed,
            clock_hz=lambda: clock_hz(self.rcc),
            core_clock_hz=lambda: self.core_clock_hz,
            interrupt=self._line(RNG_INTERRUPT),
            complain=self.watch.complain,
        )
        self._attach(rng, AHB2ENR, 6)
        self._blocks_at_rate.append(rng)

    def _attach(self, block: RegisterBlock, enable_register: int, bit: int) -> None:
        """Puts a block on the bus that RCC gives its clock, and can reset."""
        rcc = self.rcc
        rcc.resets[enable_register - RESET_BEFORE_ENABLE, bit] = block.reset
        self.bus.attach(
            block,
            lambda: rcc.enabled(enable_register, bit),
            lambda: rcc.held_in_reset(enable_register, bit),
        )

    def _level_of_line(self, line: int) -> int:
        """The level of the pin that a line of EXTI follows."""
        port = self.syscfg.port_of(line)
        return self.ports[port].level(line) if port else 0

    def _line(self, interrupt: int) -> Callable[[bool], None]:
        return lambda level: self.exceptions.set_line(interrupt, level)

    def _timer(self, name: str, base: int, interrupt: int, bit: int) -> Timer:
        enable = self._family.timer_enable
        timer = Timer(
            name,
            base,
            self.clock,
            self.core.chip.registers_of(name, TIMER_REGISTERS),
            clock_cycles=lambda: self.rcc.timer_cycles() if self.rcc.enabled(enable, bit) else 0,
            interrupt=self._line(interrupt),
        )
        self._attach(timer, enable, bit)
        return timer

    def _usart(self, wiring: UsartWiring, outside: Outside) -> Usart:
        return Usart(
            wiring.name,
            wiring.base,
            Surroundings(
                clock=self.clock,
                line=outside.lines[wiring.name],
                kernel_clock_hz=lambda: self.rcc.baud_clock_hz(
                    wiring.clock_field, self.rcc.pclk_hz(wiring.enable_register)
                ),
                core_clock_hz=lambda: self.core_clock_hz,
                transmit_trouble=lambda: self._pin_trouble(wiring.transmit, wiring.host_transmit),
                receive_trouble=lambda: self._pin_trouble(wiring.receive, wiring.host_receive),
                interrupt=self._line(wiring.interrupt),
                request_dma=lambda way, level: self._request_dma(f"{wiring.name}_{way}", level),
                quiet_period_cycles=lambda: self.systick.period_cycles,
                wait_for_host=outside.wait_for_host,
                report=outside.report,
                low_power=wiring.low_power,
                clock_register=self._family.usart_clock_register,
                host_baud=outside.host_baud,
            ),
            self.core.chip.registers_of("LPUART", LOW_POWER_REGISTERS)
            if wiring.low_power
            else self.core.chip.registers_of("USART", USART_REGISTERS),
        )

    def _request_dma(self, signal: str, level: bool) -> None:
        for dma in self.dmas:
            dma.request(signal, level)

    def _pin_trouble(self, pins: tuple[Pin, ...], host_pins: tuple[Pin, ...]) -> str:
        """Why a signal does not get from its UART to the host, or back; empty if it does."""
        wired = [pin for pin in host_pins if self._wired(pin)]
        if any(self.pwr.supplies(pin.port, pin.number) for pin in wired):
            return ""
        if wired:
            return f"{wired[0]} has no supply, for IOSV in PWR_CR2 is not set"
        wanted = " or ".join(str(pin) for pin in host_pins)
        other = next((pin for pin in pins if self._wired(pin)), None)
        if other is not None:
            return f"it is on {other}, and the board has it on {wanted}"
        return f"{wanted} is not in alternate function {pins[0].alternate_function} (GPIO MODER and AFR)"

    def _wired(self, pin: Pin) -> bool:
        return self.ports[pin.port].alternate_function(pin.number) == pin.alternate_function

    # --- clocks

    @property
    def core_clock_hz(self) -> int:
        """The core runs on HCLK (RM0385 figure 13)."""
        return self.rcc.clocks.hclk_hz or 1

    def _clocks_changed(self) -> None:
        """RCC was written: everything that counts does so at its new rate."""
        self._check_clocks()
        blocks: tuple[Clocked, ...] = (
            *self.timers,
            *self.usarts.values(),
            self.iwdg,
            *self._blocks_at_rate,
        )
        for block in blocks:
            block.clocks_changed()

    def _check_clocks(self) -> None:
        self.watch.check(self.rcc.clocks, self.flash.wait_states, self.pwr.regulator)

    def flush_usarts(self) -> None:
        """What the UARTs have sent reaches the other ends of their lines."""
        for usart in self.usarts.values():
            usart.flush()

    def reset(self, *, power_on: bool = False) -> None:
        """Every peripheral and the exception unit; debug blocks only when the power comes on."""
        self.exceptions.reset()
        self.watch.reset()
        if power_on:
            self.rcc.lose_backup()
            if self._serial_flash is not None:
                self._serial_flash.power_on()
        self.bus.reset(power_on=power_on)
