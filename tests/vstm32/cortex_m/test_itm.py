"""The ITM, which has room for everything and leads nowhere."""

from vstm32.cortex_m.itm import LAR, LSR, STIM0, TCR, TER, Itm


def test_a_stimulus_port_is_always_ready_so_that_no_firmware_waits_for_it() -> None:
    itm = Itm()
    itm.write(STIM0, 1, ord("x"))
    assert itm.read(STIM0, 4) == 1


def test_settings_are_kept_once_the_lock_is_open() -> None:
    itm = Itm()
    itm.write(TER, 4, 1)
    assert (itm.read(TER, 4), itm.read(LSR, 4)) == (0, 3)
    itm.write(LAR, 4, 0xC5AC_CE55)
    itm.write(TER, 4, 1)
    itm.write(TCR, 4, 0x0001_000D)
    assert (itm.read(TER, 4), itm.read(TCR, 4), itm.read(LSR, 4)) == (1, 0x0001_000D, 1)


def test_another_key_closes_the_lock() -> None:
    itm = Itm()
    itm.write(LAR, 4, 0xC5AC_CE55)
    itm.write(LAR, 4, 1)
    itm.write(TER, 4, 1)
    assert itm.read(TER, 4) == 0
