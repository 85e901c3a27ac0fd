"""The pipeline of the Cortex-M7 as a scoreboard: two instructions a cycle, in order, when operands are there.

Its numbers are in m7_table.py. Flags are always there in time. Left out are the store buffer, the alignment
of code and data, and an instruction that is issued together with the branch that leads to it.
"""

from vstm32.timing import m7_table as m7
from vstm32.timing.m7_table import Kind
from vstm32.timing.operation import S0, Operation

_REGISTERS = 48
_NEVER = frozenset(
    (one, other)
    for first, second in m7.NEVER_TOGETHER
    for one, other in (*((a, b) for a in first for b in second), *((b, a) for a in first for b in second))
)
_STORES = frozenset({Kind.STORE, Kind.FP_STORE, Kind.STORE_MULTIPLE, Kind.FP_STORE_MULTIPLE})
_PLAIN_LOADS = frozenset({Kind.LOAD, Kind.LOAD_NARROW, Kind.FP_LOAD})
_MULTIPLES = frozenset(
    {Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE}
)
_FP_MAC = frozenset({Kind.FP_FUSED, Kind.FP_CHAINED})
_NOT_AFTER_MAC = frozenset(
    {Kind.FP_ADD, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE, Kind.FP_MOVE_CONSTANT}
)
_NOT_YOUNGER_AFTER_MAC = frozenset(
    {Kind.FP_LOAD, Kind.FP_STORE, Kind.FP_MOVE, Kind.FP_TO_CORE, Kind.FP_FROM_CORE}
)
_BLOCKING = {
    Kind.DIVIDE: m7.DIVIDE_CYCLES,
    Kind.TABLE_BRANCH: m7.TABLE_BRANCH_CYCLES,
    Kind.FP_DIVIDE: m7.FP_DIVIDE_CYCLES,
    Kind.FP_SQUARE_ROOT: m7.FP_SQUARE_ROOT_CYCLES,
}
_LONG_AGO = -100


def may_pair(older: Operation, younger: Operation, *, sees_banks: bool = False) -> bool:
    """Whether the pipeline can take two instructions in one cycle, whatever their operands are.

    With `sees_banks`, two loads whose banks are not known go together: whoever sees their addresses adds a
    cycle where that was wrong (native/data_access.c).
    """
    if older.kind in m7.ALONE or younger.kind in m7.ALONE or younger.kind in m7.OLDER_ONLY:
        return False
    if older.alone or younger.alone or (older.kind, younger.kind) in _NEVER:
        return False
    if younger.shifts and (older.shifts or older.kind in m7.OLDER_ONLY):
        return False
    if older.kind in _PLAIN_LOADS and younger.kind in _PLAIN_LOADS:
        banks_differ = _in_different_banks(older, younger)
        return sees_banks if banks_differ is None else banks_differ
    return True


def _in_different_banks(older: Operation, younger: Operation) -> bool | None:
    """J: two loads go together if one is of an even and the other of an odd word. That is known only if both
    count from the same base; None if it is not."""
    if older.base != younger.base or older.writes_back or older.offset is None or younger.offset is None:
        return None
    return (older.offset ^ younger.offset) & 4 != 0


class Scoreboard:
    """When each instruction of a sequence is issued, from cycle 0 on, with all operands there at first."""

    def __init__(self, *, sees_banks: bool = False, compare_to_flags: int = m7.FP_COMPARE_TO_FLAGS) -> None:
        """`sees_banks`: see `may_pair`. `compare_to_flags`: cycles from VCMP to VMRS."""
        self._sees_banks = sees_banks
        self._compare_to_flags = compare_to_flags
        self.cycle = 0
        self._younger = False
        self._previous: Operation | None = None
        self._late = [0] * _REGISTERS
        self._early = [0] * _REGISTERS
        # For instructions that also use an operand early, and for multipliers.
        self._staged = [0] * _REGISTERS
        self._fused = [0] * _REGISTERS
        self._chained = [0] * _REGISTERS
        self._stored = [0] * _REGISTERS
        self._to_core = [0] * _REGISTERS
        self._last_mac = _LONG_AGO
        self._last_compare = _LONG_AGO

    @property
    def spent(self) -> int:
        """Cycles that are used up, a half-filled one as well."""
        return self.cycle + self._younger

    @property
    def exact(self) -> float:
        """Cycles that are used up, in halves: a cycle that can take one more instruction is a half."""
        last = self._previous
        is_alone = last is not None and (last.kind in m7.ALONE or last.alone)
        return self.spent - (0.5 if self._younger and not is_alone else 0.0)

    def start_group(self) -> None:
        """After a taken branch the next instruction is the older one of its cycle."""
        self.cycle = self.spent
        self._younger = False

    def issue(self, operation: Operation) -> int:
        """Issues the next instruction of the sequence; returns its cycle."""
        if self._younger:
            assert self._previous is not None
            pairs = may_pair(self._previous, operation, sees_banks=self._sees_banks)
            if not pairs or self._ready(operation) > self.cycle:
                self.start_group()
        if not self._younger:
            self.cycle = max(self.cycle, self._ready(operation))
        at = self.cycle
        self._finish(operation, at)
        self._previous = operation
        blocked = self._blocked(operation)
        if blocked > 1:
            self.cycle += blocked
            self._younger = False
        elif self._younger:
            self.start_group()
        else:
            self._younger = True
        return at

    @staticmethod
    def _blocked(operation: Operation) -> int:
        if operation.kind in _MULTIPLES:
            return (operation.registers + 1) // 2
        return _BLOCKING.get(operation.kind, 1)

    def _ready(self, operation: Operation) -> int:
        """The first cycle in which the operands are there; stores take theirs as they come."""
        kind = operation.kind
        at = 0
        for register in operation.early:
            at = max(at, self._early[register])
        if kind in _STORES:
            for register in operation.late:
                if register >= S0:
                    at = max(at, self._stored[register])
        elif kind is Kind.MULTIPLY or (operation.early and kind not in _PLAIN_LOADS):
            for register in operation.late:
                at = max(at, self._staged[register])
        elif kind is Kind.FP_TO_CORE:
            for register in operation.late:
                at = max(at, self._to_core[register])
        else:
            for register in operation.late:
                at = max(at, self._late[register])
        return max(at, self._ready_to_accumulate(operation), self._free(kind))

    def _ready_to_accumulate(self, operation: Operation) -> int:
        kind = operation.kind
        at = 0
        for register in operation.accumulators:
            if kind is Kind.FP_FUSED:
                at = max(at, self._fused[register])
            elif kind is Kind.FP_CHAINED:
                at = max(at, self._chained[register])
            else:
                at = max(at, self._late[register] - m7.ACCUMULATE_LATER)
        return at

    def _free(self, kind: Kind) -> int:
        """The first cycle in which the FPU takes an instruction of this class."""
        if kind is Kind.FP_FLAGS:
            return self._last_compare + self._compare_to_flags
        after = self._last_mac + m7.AFTER_MULTIPLY_ACCUMULATE
        if kind in _NOT_AFTER_MAC:
            return after
        if kind in _NOT_YOUNGER_AFTER_MAC and self._younger and self.cycle < after:
            return self.cycle + 1
        return 0

    def _finish(self, operation: Operation, at: int) -> None:
        """Notes when the results are there."""
        kind = operation.kind
        if kind in _FP_MAC:
            self._last_mac = at
        elif kind is Kind.FP_COMPARE:
            self._last_compare = at
        last = at + self._blocked(operation) - 1
        for register in operation.results:
            if register >= S0:
                self._finish_fp(operation, register, last)
            else:
                self._finish_core(operation, register, at, last)
        if operation.writes_back and operation.base is not None:
            self._set(operation.base, at, m7.WRITE_BACK)

    def _finish_core(self, operation: Operation, register: int, at: int, last: int) -> None:
        kind = operation.kind
        if kind in (Kind.LOAD, Kind.LOAD_MULTIPLE):
            self._set(register, last, m7.LATENCIES[Kind.LOAD])
            self._staged[register] = last + m7.LOADED_WORD_TO_MULTIPLIER
        elif self._executes_early(operation, at):
            self._set(register, at, m7.IN_EARLY_ALU)
        else:
            self._set(register, last, m7.LATENCIES.get(kind, m7.LATENCIES[Kind.ALU]))

    def _executes_early(self, operation: Operation, at: int) -> bool:
        """J: in the early ALU if the operands are there early; additions and moves as the older one only."""
        if operation.kind is Kind.SHIFT:
            allowed = True
        else:
            allowed = operation.kind is Kind.EARLY_ALU and not self._younger
        return allowed and all(self._early[register] <= at for register in operation.late)

    def _set(self, register: int, at: int, latency: m7.Latency) -> None:
        self._late[register] = self._staged[register] = at + latency.late
        self._early[register] = at + latency.early

    def _finish_fp(self, operation: Operation, register: int, at: int) -> None:
        kind = Kind.FP_LOAD if operation.kind is Kind.FP_LOAD_MULTIPLE else operation.kind
        # A division has stopped the pipeline until it was done.
        latency = m7.FP_LATENCIES[kind]
        if kind in (Kind.FP_DIVIDE, Kind.FP_SQUARE_ROOT):
            at -= self._blocked(operation) - 1
        self._late[register] = at + latency.arithmetic
        self._fused[register] = at + latency.fused_accumulator
        self._chained[register] = at + latency.chained_accumulator
        self._stored[register] = at + latency.store
        self._to_core[register] = at + latency.to_core
