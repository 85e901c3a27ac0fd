"""The target stm32f746xg: its memory, how its core is caught, and that no other chip is taken for it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pyocd  # noqa: F401  before our modules, which are loaded by it
import pytest
from pyocd.core import exceptions
from pyocd.core.memory_map import MemoryType
from pyocd.core.session import Session
from pyocd.core.target import Target
from pyocd.coresight.cortex_m import CortexM
from pyocd.flash.flash import Flash
from pyocd.probe.debug_probe import DebugProbe
from pyocd.target import TARGET

from mcumatrix.adapters.flashers.pyocd import target as module
from mcumatrix.adapters.flashers.pyocd.chips import chips
from mcumatrix.adapters.flashers.pyocd.chips.stm32f746 import CHIP
from mcumatrix.adapters.flashers.pyocd.target import (
    STM32,
    CheckedFlash,
    DisturbedAlgorithmError,
    DividedFlashError,
    HeldInResetError,
    WrongDeviceError,
    describe_device,
    target_class,
)

STM32F746xG = target_class(CHIP)

KB = 1024
IDCODE, DBGMCU_CR = 0xE004_2000, 0xE004_2004


class NoProbe(DebugProbe):
    """For a session that is not opened."""

    unique_id = "none"


def session(**options: Any) -> Session:
    return Session(NoProbe(), no_config=True, target_override="stm32f746xg", **options)


@pytest.fixture
def target() -> STM32:
    return session().target


# --- memory


@pytest.mark.parametrize("name", ["stm32f746xg", "stm32f746ng"])
def test_the_target_is_known_by_its_names(name):
    assert TARGET[name] is STM32F746xG


def test_all_flash_is_divided_into_the_sectors_of_the_reference_manual(target):
    target.create_flash()
    flash = target.memory_map.get_boot_memory().flash
    sectors, address = [], 0x0800_0000
    while info := flash.get_sector_info(address):
        assert info.base_addr == address
        sectors.append(info.size // KB)
        address += info.size
    assert sectors == [32, 32, 32, 32, 128, 256, 256, 256]
    assert address == 0x0810_0000


def test_every_sector_is_a_whole_number_of_pages(target):
    target.create_flash()
    flash = target.memory_map.get_boot_memory().flash
    for address in (0x0800_0000, 0x0802_0000, 0x080F_FFFF):
        assert flash.get_page_info(address).size == 16 * KB
    assert flash.minimum_program_length == 4


def test_the_targets_of_two_sessions_share_no_memory_map():
    first, second = session().target, session().target
    assert first.memory_map["flash"] is not second.memory_map["flash"]
    assert first.memory_map["flash"].submap.region_count == 3


def test_flash_is_written_where_it_is_and_not_through_its_alias(target):
    alias = target.memory_map.get_region_for_address(0x0020_0000)
    assert alias.alias is target.memory_map["flash"]
    assert not alias.is_writable


@pytest.mark.parametrize(
    ("address", "name", "type_of_memory"),
    [
        (0x0000_3FFF, "itcm", MemoryType.RAM),
        (0x1FF0_F442, "system", MemoryType.ROM),
        (0x2000_0000, "dtcm", MemoryType.RAM),
        (0x2000_FFFF, "dtcm", MemoryType.RAM),
        (0x2001_0000, "sram1", MemoryType.RAM),
        (0x2004_C000, "sram2", MemoryType.RAM),
        (0x2004_FFFF, "sram2", MemoryType.RAM),
        (0x4002_3C00, "peripherals", MemoryType.DEVICE),
        (0xE000_ED00, "ppb", MemoryType.DEVICE),
    ],
)
def test_what_is_where(target, address, name, type_of_memory):
    region = target.memory_map.get_region_for_address(address)
    assert (region.name, region.type) == (name, type_of_memory)


@pytest.mark.parametrize("address", [0x0000_4000, 0x07FF_FFFF, 0x0810_0000, 0x2005_0000])
def test_there_is_nothing_where_there_is_nothing(target, address):
    assert target.memory_map.get_region_for_address(address) is None


# --- catching the core


class Port:
    """A debug port and what it reaches of a chip; `released` tells what the core does when nRST goes up."""

    def __init__(self, released: Callable[["Port"], None]) -> None:
        self.memory = {CortexM.DEMCR: 1 << 24, CortexM.DHCSR: 0, DBGMCU_CR: 0x20}
        self.idr = 0x7477_0001
        self.did: list[str] = []
        self._released = released
        self._address = 0

    def assert_reset(self, asserted: bool) -> None:
        self.did.append("reset" if asserted else "release")
        if not asserted:
            self._released(self)

    def read_ap(self, register: int) -> int:
        return self.idr if register == 0xFC else self.memory[self._address]

    def write_ap(self, register: int, value: int) -> None:
        if register == 0x04:
            self._address = value
        elif register == 0x0C:
            name = {CortexM.DEMCR: "DEMCR", CortexM.DHCSR: "DHCSR", DBGMCU_CR: "DBGMCU_CR"}[self._address]
            self.did.append(f"{name} {value:#x}")
            # The key in the upper half of DHCSR is not kept.
            self.memory[self._address] = value & 0xFFFF if self._address == CortexM.DHCSR else value


def halts(port: Port) -> None:
    if port.memory[CortexM.DEMCR] & CortexM.DEMCR_VC_CORERESET:
        port.memory[CortexM.DHCSR] |= CortexM.S_HALT


def stays_in_reset(port: Port) -> None:
    port.memory[CortexM.DHCSR] |= CortexM.S_RESET_ST


def runs_on(_port: Port) -> None:
    """As if nRST were not wired."""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HALT_LIMIT_S", 0.0)


def caught(target: STM32, port: Port) -> list[str]:
    target.dp = port
    target.pull_reset()
    target.halt_out_of_reset()
    return port.did


def test_the_core_is_caught_in_reset_and_its_clocks_are_kept(target):
    assert caught(target, Port(halts)) == [
        "reset",
        "DEMCR 0x1000001",
        "DHCSR 0xa05f0001",
        "DBGMCU_CR 0x27",
        "release",
        "DEMCR 0x1000000",
    ]


def test_the_catch_of_a_debugger_that_was_killed_is_removed(target):
    port = Port(halts)
    port.memory[CortexM.DEMCR] = CortexM.DEMCR_VC_CORERESET
    caught(target, port)
    assert port.memory[CortexM.DEMCR] == 0


def test_a_chip_that_does_not_leave_reset_is_an_error(target, at_once):
    with pytest.raises(HeldInResetError) as raised:
        caught(target, Port(stays_in_reset))
    assert str(raised.value) == "the chip stays in reset: something besides the debug probe pulls nRST low"


def test_a_reset_pin_that_is_not_wired_is_no_error(target, at_once):
    assert caught(target, Port(runs_on))[-1] == "DEMCR 0x1000000"


@pytest.mark.parametrize("idr", [0, 0x5477_0002])
def test_an_access_port_of_another_kind_is_an_error_of_pyocd(target, idr):
    port = Port(halts)
    port.idr = idr
    with pytest.raises(exceptions.DebugError, match="no access port of a Cortex-M7 was found: Wrong IDR"):
        caught(target, port)


@pytest.mark.parametrize(("mode", "ours"), [("halt", 2), ("under-reset", 2), ("attach", 0), ("pre-reset", 0)])
def test_only_the_modes_that_reset_pull_the_reset_pin(mode, ours):
    names = [name for name, _ in session(connect_mode=mode).target.create_init_sequence()]
    assert [name in names for name in ("pull_reset", "halt_out_of_reset")] == [bool(ours)] * 2
    if ours:
        at = names.index("dp_init")
        assert (names[at - 1], names[at + 1]) == ("pull_reset", "halt_out_of_reset")
        assert at < names.index("discovery")


# --- the right chip


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    """The registers of a chip; reading another one is a fault. The key -1 comes when the chip is let go."""
    registers: dict[int, Any] = {IDCODE: 0x1001_6449, DBGMCU_CR: 0}

    def read32(_target: object, address: int) -> int:
        if address not in registers:
            raise exceptions.TransferFaultError()
        return registers[address]

    monkeypatch.setattr(STM32F746xG, "read32", read32)
    monkeypatch.setattr(
        STM32F746xG, "write32", lambda _target, address, value: registers.update({address: value})
    )
    monkeypatch.setattr(STM32F746xG, "disconnect", lambda _target, resume: registers.update({-1: resume}))
    return registers


def test_the_right_chip_is_accepted(target, chip):
    target.post_connect_hook()
    assert target.device_id() == 0x449
    assert -1 not in chip


@pytest.mark.parametrize(
    ("dev_id", "sentence"),
    [
        (0x451, "this is an STM32F76x/77x (0x451), not an STM32F74x/75x (0x449)"),
        (0x419, "this is an STM32F42x/43x (0x419), not an STM32F74x/75x (0x449)"),
        (0x450, "this is an STM32H742/743/750/753 (0x450), not an STM32F74x/75x (0x449)"),
        (0x000, "this is an unknown chip (0x000), not an STM32F74x/75x (0x449)"),
        (None, "this is a chip without DBGMCU_IDCODE, not an STM32F74x/75x (0x449)"),
    ],
)
def test_another_chip_is_named_and_let_go(target, chip, dev_id, sentence):
    if dev_id is None:
        del chip[IDCODE]
    else:
        chip[IDCODE] = 0x2001_0000 | dev_id
    with pytest.raises(WrongDeviceError) as raised:
        target.post_connect_hook()
    assert (str(raised.value), raised.value.dev_id) == (sentence, dev_id)
    assert chip[-1] is True


def test_a_wrong_chip_is_named_also_if_it_cannot_be_let_go(target, chip, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise exceptions.ProbeDisconnected("gone")

    monkeypatch.setattr(STM32F746xG, "disconnect", fails)
    chip[IDCODE] = 0x451
    with pytest.raises(WrongDeviceError):
        target.post_connect_hook()


@pytest.mark.parametrize(("mode", "value"), [("attach", 0x7), ("pre-reset", 0x7), ("halt", 0)])
def test_clocks_are_kept_also_where_the_chip_was_not_reset(chip, mode, value):
    session(connect_mode=mode).target.post_connect_hook()
    assert chip[DBGMCU_CR] == value


def test_a_device_has_a_name():
    assert describe_device(0x449) == "an STM32F74x/75x (0x449)"


# --- the algorithm's end


class HaltedCore:
    """A core that has halted somewhere after the algorithm was called."""

    def __init__(self, pc: int, result: int = 0, **options: Any) -> None:
        self.registers = {"pc": pc, "r0": result, "ipsr": 3, "primask": 0}
        self.vector_catch = 0
        self.session = SimpleNamespace(options=options)

    def get_vector_catch(self) -> int:
        return self.vector_catch

    def set_vector_catch(self, mask: int) -> None:
        self.vector_catch = mask

    def read_core_register(self, name: str) -> int:
        return self.registers[name]

    def write_core_register(self, name: str, value: int) -> None:
        self.registers[name] = value


def finished(core: HaltedCore, monkeypatch: pytest.MonkeyPatch, result: int) -> CheckedFlash:
    monkeypatch.setattr(Flash, "wait_for_completion", lambda _flash, _timeout: result)
    return CheckedFlash(core, module.flash_algo())


def test_a_result_counts_where_the_core_halts_at_the_end_of_the_algorithm(monkeypatch):
    flash = finished(HaltedCore(pc=0x2000_0400), monkeypatch, 0x310)
    assert flash.wait_for_completion(1.0) == 0x310


def test_a_core_that_halts_elsewhere_is_an_error_also_if_its_result_looks_like_success(monkeypatch):
    flash = finished(HaltedCore(pc=0x0800_0120), monkeypatch, 0)
    with pytest.raises(DisturbedAlgorithmError) as raised:
        flash.wait_for_completion(1.0)
    assert str(raised.value) == (
        "the flash algorithm was disturbed: the core is at 0x08000120, in exception 3"
    )


def test_a_core_that_does_not_halt_in_time_is_pyocds_timeout(monkeypatch):
    flash = finished(HaltedCore(pc=0x2000_0440), monkeypatch, Flash.TIMEOUT_ERROR)
    assert flash.wait_for_completion(1.0) == Flash.TIMEOUT_ERROR


def test_faults_and_resets_are_caught_while_the_algorithm_is_loaded_and_then_all_is_as_before():
    core = HaltedCore(pc=0)
    flash = CheckedFlash(core, module.flash_algo())
    flash.prepare_target()
    assert core.vector_catch == Target.VectorCatch.HARD_FAULT | Target.VectorCatch.CORE_RESET
    core.registers["primask"] = 1
    flash.restore_target()
    assert (core.vector_catch, core.registers["primask"]) == (0, 0)


@pytest.mark.parametrize("trusted", [False, True])
def test_checksums_are_made_only_if_they_are_trusted(trusted):
    flash = CheckedFlash(HaltedCore(pc=0, fast_program=trusted), module.flash_algo())
    assert flash.use_analyzer is trusted


def test_a_chip_whose_option_bytes_divide_its_flash_is_let_go(monkeypatch):
    """Its sectors are smaller than those that the target knows: others would be erased too."""
    [chip] = [chip for chip in chips() if chip.part == "STM32F767xI"]
    target = target_class(chip)(Session(NoProbe(), no_config=True, target_override=chip.targets[0]))
    let_go = []
    registers = {0xE004_2000: chip.device_id, 0x4002_3C14: ~chip.division.bit}
    monkeypatch.setattr(target, "read32", registers.__getitem__)
    monkeypatch.setattr(target, "disconnect", lambda resume: let_go.append(resume))  # noqa: PLW0108
    with pytest.raises(DividedFlashError) as caught:
        target.post_connect_hook()
    assert str(caught.value) == "its flash is divided into two banks, by the option byte nDBANK"
    assert let_go == [True]
    registers[0x4002_3C14] = chip.division.bit
    target.require_sectors()
