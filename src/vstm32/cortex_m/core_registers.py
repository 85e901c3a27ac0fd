"""The core's registers as a debugger numbers them (DCRSR.REGSEL; Arm v7-M ARM, section C1.6.3)."""

from vstm32.cortex_m.core import Core

_SP, _LR, _DEBUG_RETURN_ADDRESS, _XPSR, _MSP, _PSP, _SPECIAL, _FPSCR = 13, 14, 15, 16, 17, 18, 20, 33
_FIRST_FP = 64
_IPSR = 0x1FF
_T_BIT = 1 << 24


def read_register(core: Core, selector: int) -> int:
    """A register by its number; 0 for numbers that no register has."""
    if selector == _DEBUG_RETURN_ADDRESS:
        return core.program_counter
    if selector == _SPECIAL:
        special = (core.primask, core.basepri, core.faultmask, core.control)
        return sum((core.read_register(register) & 0xFF) << 8 * lane for lane, register in enumerate(special))
    register = _plain(core, selector)
    value = core.read_register(register) if register is not None else 0
    return value | _T_BIT if selector == _XPSR else value


def write_register(core: Core, selector: int, value: int) -> None:
    """Sets a register by its number. Which exception runs (IPSR) cannot be written."""
    if selector == _DEBUG_RETURN_ADDRESS:
        core.program_counter = value & ~1
    elif selector == _SPECIAL:
        special = (core.primask, core.basepri, core.faultmask, core.control)
        for lane, register in enumerate(special):
            core.write_register(register, value >> 8 * lane & 0xFF)
    elif selector == _XPSR:
        running = core.read_register(core.xpsr) & _IPSR
        core.write_register(core.xpsr, value & ~_IPSR | running | _T_BIT)
    else:
        register = _plain(core, selector)
        if register is not None:
            core.write_register(register, value & ~3 if selector in (_SP, _MSP, _PSP) else value)


def _plain(core: Core, selector: int) -> int | None:
    plain: dict[int, int] = {
        **dict(enumerate(core.r)),
        **{_FIRST_FP + index: register for index, register in enumerate(core.s)},
        _SP: core.sp,
        _LR: core.lr,
        _XPSR: core.xpsr,
        _MSP: core.msp,
        _PSP: core.psp,
        _FPSCR: core.fpscr,
    }
    return plain.get(selector)
