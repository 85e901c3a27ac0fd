"""DMA1 and DMA2 (RM0385 section 8): eight streams each, between memory and UARTs, and from memory to memory.

A request of a peripheral is served as soon as it comes, and the bus is never busy: how long a transfer takes
is the peripheral's time. From memory to memory an item takes `CYCLES_PER_ITEM`, an estimate that no manual
gives. Data caches are not modelled, so that no firmware sees here what a cache without maintenance would
show it on silicon.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from vstm32.base.registers import WORD, Register, RegisterBlock
from vstm32.cortex_m.clock import VirtualClock

STREAMS = 8
LISR, HISR, LIFCR, HIFCR = 0x00, 0x04, 0x08, 0x0C
CR, NDTR, PAR, M0AR, M1AR, FCR = range(0, 0x18, 4)
_FIRST, _SPACING = 0x10, 0x18

EN, TEIE, HTIE, TCIE, PFCTRL = 1 << 0, 1 << 2, 1 << 3, 1 << 4, 1 << 5
CIRC, PINC, MINC, PINCOS, DBM, CT = 1 << 8, 1 << 9, 1 << 10, 1 << 15, 1 << 18, 1 << 19
_TO_MEMORY, _FROM_MEMORY, _BETWEEN_MEMORIES, _RESERVED = range(4)
_DMDIS, _FIFO_IS_EMPTY = 1 << 2, 0x4 << 3
TEIF, HTIF, TCIF = 1 << 3, 1 << 4, 1 << 5
_FLAGS = 0x3D
# What a running stream lets firmware write of CR (section 8.5.5).
_WRITABLE_WHILE_ON = EN | 1 << 1 | TEIE | HTIE | TCIE

CYCLES_PER_ITEM = 6
_ITEMS_AT_ONCE = 64
"""Items of a transfer between memories between two looks: so fine is what NDTR tells of it."""

CHANNELS = 0x7 << 25
REGISTERS = (
    Register("LISR", LISR),
    Register("HISR", HISR),
    Register("LIFCR", LIFCR),
    Register("HIFCR", HIFCR),
    *(
        Register(f"S{stream}{name}", _FIRST + _SPACING * stream + offset, reset, writable, unsupported)
        for stream in range(STREAMS)
        for name, offset, reset, writable, unsupported in (
            ("CR", CR, 0, 0x01EF_FFFF | CHANNELS, PFCTRL),
            ("NDTR", NDTR, 0, 0xFFFF, 0),
            ("PAR", PAR, 0, WORD, 0),
            ("M0AR", M0AR, 0, WORD, 0),
            ("M1AR", M1AR, 0, WORD, 0),
            ("FCR", FCR, 0x21, 0x87, 0),
        )
    ),
)
"""Errors of direct mode and of the FIFO never come, so that asking for their interrupts is no finding."""

# Tables 27 and 28 of section 8.3.3: by stream and channel, the request that is served.
REQUESTS: Mapping[str, Mapping[tuple[int, int], str]] = {
    "DMA1": {
        (0, 4): "UART5_RX",
        (0, 5): "UART8_TX",
        (1, 4): "USART3_RX",
        (1, 5): "UART7_TX",
        (2, 4): "UART4_RX",
        (3, 4): "USART3_TX",
        (3, 5): "UART7_RX",
        (4, 4): "UART4_TX",
        (4, 7): "USART3_TX",
        (5, 4): "USART2_RX",
        (6, 4): "USART2_TX",
        (6, 5): "UART8_RX",
        (7, 4): "UART5_TX",
    },
    "DMA2": {
        (1, 5): "USART6_RX",
        (2, 4): "USART1_RX",
        (2, 5): "USART6_RX",
        (5, 4): "USART1_RX",
        (6, 5): "USART6_TX",
        (7, 4): "USART1_TX",
        (7, 5): "USART6_TX",
    },
}
# Section 10.1.2, by stream.
INTERRUPTS = {"DMA1": (11, 12, 13, 14, 15, 16, 17, 47), "DMA2": (56, 57, 58, 59, 60, 68, 69, 70)}
BASES = {"DMA1": 0x4002_6000, "DMA2": 0x4002_6400}
# What the peripheral port of DMA1 reaches (section 2.1.9): APB1, and no memory.
_APB1 = range(0x4000_0000, 0x4000_8000)


class Master(Protocol):
    """Somebody on the bus matrix: 1, 2 or 4 bytes at addresses that are multiples of that."""

    def read(self, address: int, size_bytes: int) -> int | None:
        """What is there, or None where nothing answers."""

    def write(self, address: int, size_bytes: int, value: int) -> bool:
        """Whether something took it."""


@dataclass(slots=True)
class _Course:
    """Where a stream that runs is: offsets from its addresses, and bytes that stay in its FIFO."""

    peripheral: int = 0
    memory: int = 0
    items: int = 0
    """As many as NDTR had when the stream, or its present round, began."""
    fifo: bytes = b""


class Dma(RegisterBlock):
    """One controller."""

    def __init__(
        self,
        name: str,
        registers: Iterable[Register],
        *,
        master: Master,
        clock: VirtualClock,
        set_interrupt: Callable[[int, bool], None],
        complain: Callable[[str], None],
    ) -> None:
        """`complain` gets sentences about what firmware does wrong."""
        self._master = master
        self._clock = clock
        self._set_interrupt = set_interrupt
        self._complain = complain
        self._copies = [clock.alarm(partial(self._copy, stream)) for stream in range(STREAMS)]
        self._asking: set[str] = set()
        self._requests, self._interrupts = REQUESTS[name], INTERRUPTS[name]
        super().__init__(name, BASES[name], registers)

    def reset(self) -> None:
        """All streams off; who asks goes on asking."""
        super().reset()
        self._programmed = [0] * STREAMS
        self._courses = [_Course() for _ in range(STREAMS)]
        self._flags = [0] * STREAMS
        for stream, alarm in enumerate(self._copies):
            alarm.clear()
            self._update_interrupt(stream)

    # --- requests

    def request(self, signal: str, level: bool) -> None:
        """A peripheral asks for an item to be moved, or does not any more: "USART6_TX"."""
        if not level:
            self._asking.discard(signal)
        elif signal not in self._asking:
            self._asking.add(signal)
            for stream in range(STREAMS):
                self._serve(stream)

    def _signal(self, stream: int) -> str | None:
        return self._requests.get((stream, self._of(stream, CR) >> 25 & 0xF))

    def _serve(self, stream: int) -> None:
        """Moves items as long as the peripheral asks for them."""
        while (
            self._of(stream, CR) & EN
            and self._direction(stream) != _BETWEEN_MEMORIES
            and self._of(stream, NDTR)
            and self._signal(stream) in self._asking
        ):
            self._move_one(stream)

    # --- registers

    def _of(self, stream: int, offset: int) -> int:
        return self.values[_FIRST + _SPACING * stream + offset]

    def _set(self, stream: int, offset: int, value: int) -> None:
        self.values[_FIRST + _SPACING * stream + offset] = value

    def _direction(self, stream: int) -> int:
        return self._of(stream, CR) >> 6 & 3

    def read_register(self, offset: int) -> int:
        """LISR and HISR have the flags of four streams each; LIFCR and HIFCR read as zero."""
        if offset in (LISR, HISR):
            return sum(self._flags[stream] << shift for stream, shift in _places(offset))
        if offset in (LIFCR, HIFCR):
            return 0
        value = self.values[offset]
        return value | _FIFO_IS_EMPTY if (offset - _FIRST) % _SPACING == FCR else value

    def write_register(self, offset: int, value: int) -> None:
        """A stream that runs keeps its settings (section 8.5); EN starts and stops it."""
        if offset in (LIFCR, HIFCR):
            for stream, shift in _places(offset - LIFCR):
                self._flags[stream] &= ~(value >> shift & _FLAGS)
                self._update_interrupt(stream)
            return
        if offset < _FIRST:
            return
        stream, register = divmod(offset - _FIRST, _SPACING)
        if register == CR:
            self._control(stream, offset, value)
        elif not self._of(stream, CR) & EN or self._is_idle_buffer(stream, register):
            super().write_register(offset, value)
            if register == NDTR:
                self._programmed[stream] = value & 0xFFFF

    def _is_idle_buffer(self, stream: int, register: int) -> bool:
        """Of two buffers, the one that is not being used may be moved."""
        control = self._of(stream, CR)
        idle = M0AR if control & CT else M1AR
        return bool(control & DBM) and register == idle

    def _control(self, stream: int, offset: int, value: int) -> None:
        before = self.values[offset]
        if before & EN:
            value = before & ~_WRITABLE_WHILE_ON | value & _WRITABLE_WHILE_ON
        super().write_register(offset, value)
        if value & EN and not before & EN:
            self._begin(stream)
        elif before & EN and not value & EN:
            self._end(stream, TCIF)
        self._update_interrupt(stream)

    def _update_interrupt(self, stream: int) -> None:
        control, flags = self._of(stream, CR), self._flags[stream]
        wanted = (
            (control & TEIE and flags & TEIF)
            or (control & HTIE and flags & HTIF)
            or (control & TCIE and flags & TCIF)
        )
        self._set_interrupt(self._interrupts[stream], bool(wanted))

    # --- transfers

    def _begin(self, stream: int) -> None:
        if self._flags[stream]:
            self._complain(
                f"{self.name} stream {stream} is switched on while flags of its last transfer stand: silicon "
                "may not start it. Clear them in LIFCR or HIFCR first."
            )
        why = self._why_refused(stream)
        if why:
            self._complain(f"{self.name} stream {stream} does not start: {why}.")
            self._fail(stream)
            return
        self._set(stream, NDTR, self._programmed[stream])
        self._courses[stream] = _Course(items=self._programmed[stream])
        if self._direction(stream) == _BETWEEN_MEMORIES:
            self._copy_later(stream)
        else:
            self._serve(stream)

    def _why_refused(self, stream: int) -> str:
        direction = self._direction(stream)
        peripheral = self._of(stream, PAR)
        if direction == _RESERVED:
            return "DIR is 3, which is reserved"
        if not self._programmed[stream]:
            return "NDTR is 0"
        if self.name == "DMA1" and direction == _BETWEEN_MEMORIES:
            return "only DMA2 moves from memory to memory"
        if self.name == "DMA1" and peripheral not in _APB1:
            return f"its peripheral port does not reach {peripheral:#010x}, only APB1"
        if direction == _BETWEEN_MEMORIES:
            return "" if not self._of(stream, CR) & (CIRC | DBM) else "memory to memory has no circular mode"
        if self._signal(stream) is None:
            channel = self._of(stream, CR) >> 25 & 0xF
            return f"the virtual board has no request for it on channel {channel}"
        return ""

    def _copy_later(self, stream: int) -> None:
        items = min(self._of(stream, NDTR), _ITEMS_AT_ONCE)
        self._copies[stream].set(self._clock.now + items * CYCLES_PER_ITEM)

    def _copy(self, stream: int) -> None:
        """A part of a transfer between memories is done."""
        for _ in range(min(self._of(stream, NDTR), _ITEMS_AT_ONCE)):
            if not self._move_one(stream):
                return
        if self._of(stream, CR) & EN:
            self._copy_later(stream)

    def _sizes_bytes(self, stream: int) -> tuple[int, int]:
        """Of an item at the peripheral port, which NDTR counts, and at the memory port.

        They are the same in direct mode, which memory to memory does not have (section 8.3.13).
        """
        control = self._of(stream, CR)
        has_fifo = self._of(stream, FCR) & _DMDIS or self._direction(stream) == _BETWEEN_MEMORIES
        peripheral = 1 << min(control >> 11 & 3, 2)
        return peripheral, 1 << min(control >> 13 & 3, 2) if has_fifo else peripheral

    def _move_one(self, stream: int) -> bool:
        """Moves an item of the peripheral's size; False where that failed or was the last."""
        course = self._courses[stream]
        size, memory_size = self._sizes_bytes(stream)
        left = self._of(stream, NDTR) - 1
        if self._direction(stream) == _FROM_MEMORY:
            while len(course.fifo) < size:
                data = self._master.read(self._memory(stream, memory_size), memory_size)
                if data is None:
                    return self._fail(stream)
                course.fifo += data.to_bytes(memory_size, "little")
            item, course.fifo = course.fifo[:size], course.fifo[size:]
            # Before the store: it may be answered by the next request.
            self._set(stream, NDTR, left)
            at = self._peripheral(stream, size)
            if not self._master.write(at, size, int.from_bytes(item, "little")):
                return self._fail(stream)
        else:
            data = self._master.read(self._peripheral(stream, size), size)
            if data is None:
                return self._fail(stream)
            course.fifo += data.to_bytes(size, "little")
            self._set(stream, NDTR, left)
            if not self._store(stream, memory_size, everything=not left):
                return self._fail(stream)
        return self._counted(stream, left)

    def _memory(self, stream: int, size_bytes: int) -> int:
        """The address of the next item in memory, which is the one after this from now on."""
        control, course = self._of(stream, CR), self._courses[stream]
        address = self._of(stream, M1AR if control & CT else M0AR) + course.memory
        if control & MINC:
            course.memory += size_bytes
        return address & ~(size_bytes - 1)

    def _peripheral(self, stream: int, size_bytes: int) -> int:
        """The same at the peripheral port."""
        control, course = self._of(stream, CR), self._courses[stream]
        address = self._of(stream, PAR) + course.peripheral
        if control & PINC:
            course.peripheral += 4 if control & PINCOS else size_bytes
        return address & ~(size_bytes - 1)

    def _store(self, stream: int, size_bytes: int, *, everything: bool) -> bool:
        """From the FIFO to memory, in items of that size; what is left at the end goes as single bytes."""
        course = self._courses[stream]
        while course.fifo:
            if len(course.fifo) < size_bytes:
                if not everything:
                    break
                size_bytes = 1
            item, course.fifo = course.fifo[:size_bytes], course.fifo[size_bytes:]
            at = self._memory(stream, size_bytes)
            if not self._master.write(at, size_bytes, int.from_bytes(item, "little")):
                return False
        return True

    def _counted(self, stream: int, left: int) -> bool:
        """Flags after an item, and what follows the last one."""
        items = self._courses[stream].items
        if left == items // 2:
            self._flags[stream] |= HTIF
        if not left:
            control = self._of(stream, CR)
            if control & (CIRC | DBM):
                self._flags[stream] |= TCIF
                self._set(stream, CR, control ^ (CT if control & DBM else 0))
                self._set(stream, NDTR, items)
                self._courses[stream] = _Course(items=items)
            else:
                self._end(stream, TCIF)
        self._update_interrupt(stream)
        return bool(left)

    def _fail(self, stream: int) -> bool:
        """A bus error switches the stream off (section 8.3.18)."""
        self._end(stream, TEIF)
        self._update_interrupt(stream)
        return False

    def _end(self, stream: int, flag: int) -> None:
        """Off; what was still in the FIFO goes to memory, and the flag says how it ended."""
        if flag == TCIF and self._direction(stream) != _FROM_MEMORY:
            self._store(stream, self._sizes_bytes(stream)[1], everything=True)
        self._flags[stream] |= flag
        self._set(stream, CR, self._of(stream, CR) & ~EN)
        self._copies[stream].clear()


def _places(offset: int) -> Iterator[tuple[int, int]]:
    """The four streams of LISR or HISR, and where their flags begin (sections 8.5.1, 8.5.2)."""
    first = 4 if offset == HISR else 0
    return zip(range(first, first + 4), (0, 6, 16, 22), strict=True)
