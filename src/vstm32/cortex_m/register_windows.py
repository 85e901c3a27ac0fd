"""Windows of peripheral registers, which Unicorn asks Python for, one access after the other."""

import ctypes
from collections.abc import Callable
from typing import Any

from vstm32.cortex_m.shared import Shared, address_of
from vstm32.native.library import ffi, lib

ReadCallback = Callable[[int, int], int]
WriteCallback = Callable[[int, int, int], None]
AccessObserver = Callable[[int, int, int, int, int, bool], None]
"""(cycle, program counter, address, size, value, is a write)"""


class RegisterWindows:
    """The windows of one core; what goes wrong in a callback goes to `failed`."""

    def __init__(
        self,
        engine: Any,
        shared: Shared,
        observe: AccessObserver | None,
        failed: Callable[[BaseException], None],
    ) -> None:
        """`observe` sees every access to a register."""
        import unicorn
        from unicorn.unicorn_py3 import unicorn as binding

        self._unicorn = unicorn
        self._binding = binding
        self._engine = engine
        self._shared = shared
        self._observe = observe
        self._fail = failed
        self._callbacks: list[Any] = []
        self.in_access = False
        """Whether a register access by an instruction is being served."""

    def map(self, base: int, size_bytes: int, read: ReadCallback, write: WriteCallback) -> None:
        """Sends accesses of a window to `read(address, size)` and `write(address, size, value)`.

        Only registers announced with `announce_registers` get through; the rest is a bus fault.
        """

        def on_read(_engine: Any, offset: int, size: int, _data: Any) -> int:
            self.in_access = True
            try:
                return read(base + offset, size)
            except BaseException as error:
                self._fail(error)
                return 0
            finally:
                self.in_access = False

        def on_write(_engine: Any, offset: int, size: int, value: int, _data: Any) -> None:
            self.in_access = True
            try:
                write(base + offset, size, value)
            except BaseException as error:
                self._fail(error)
            finally:
                self.in_access = False

        callbacks = self._binding.MMIO_READ_CFUNC(on_read), self._binding.MMIO_WRITE_CFUNC(on_write)
        self._callbacks.extend(callbacks)
        reader, writer = (ctypes.cast(callback, ctypes.c_void_p) for callback in callbacks)
        if base == self._shared.map.peripherals.base:
            kind = ffi.typeof(self._shared.state.read_register)
            self._shared.state.read_register = ffi.cast(kind, reader.value)
            reader = ctypes.c_void_p(address_of(lib.peripheral_read))
        if self._observe is not None:
            reader, writer = self._observed(base, self._observe, reader, callbacks[1])
        error = self._binding.uclib.uc_mmio_map(
            self._engine._uch, base, size_bytes, reader, self._shared.state_address, writer, None
        )
        if error:
            raise self._unicorn.UcError(error)
        # Without permissions every access goes through the native access hook first.
        self._engine.mem_protect(base, size_bytes, self._unicorn.UC_PROT_NONE)

    def _observed(
        self, base: int, observe: AccessObserver, reader: ctypes.c_void_p, write: Any
    ) -> tuple[ctypes.c_void_p, ctypes.c_void_p]:
        """The same callbacks, with somebody who looks on; what the hooks answer is seen as well."""
        read = self._binding.MMIO_READ_CFUNC(reader.value)
        access, state = self._shared.state.access, self._shared.state_address

        def on_read(engine: Any, offset: int, size: int, _data: Any) -> int:
            cycle, program_counter = access.cycles, access.pc
            value = int(read(engine, offset, size, state))
            try:
                observe(cycle, program_counter, base + offset, size, value, False)
            except BaseException as error:
                self._fail(error)
            return value

        def on_write(engine: Any, offset: int, size: int, value: int, _data: Any) -> None:
            cycle, program_counter = access.cycles, access.pc
            try:
                observe(cycle, program_counter, base + offset, size, value, True)
            except BaseException as error:
                self._fail(error)
            write(engine, offset, size, value, state)

        callbacks = self._binding.MMIO_READ_CFUNC(on_read), self._binding.MMIO_WRITE_CFUNC(on_write)
        self._callbacks.extend((read, *callbacks))
        reader, writer = (ctypes.cast(callback, ctypes.c_void_p) for callback in callbacks)
        return reader, writer
