import pytest

from vstm32.stm32 import pwr
from vstm32.stm32.clock_limits import Regulator
from vstm32.stm32.pwr import Pwr

ODEN, ODSWEN = 1 << 16, 1 << 17


def test_over_drive_is_ready_after_it_is_asked_for_and_switches_only_then():
    block = Pwr()
    assert block.read_register(pwr.CSR1) & (ODEN | ODSWEN) == 0
    block.write_register(pwr.CR1, 0xC000 | ODSWEN)
    assert block.read_register(pwr.CSR1) & (ODEN | ODSWEN) == 0
    block.write_register(pwr.CR1, 0xC000 | ODEN)
    assert block.read_register(pwr.CSR1) & (ODEN | ODSWEN) == ODEN
    block.write_register(pwr.CR1, 0xC000 | ODEN | ODSWEN)
    assert block.read_register(pwr.CSR1) & (ODEN | ODSWEN) == ODEN | ODSWEN


def test_the_regulator_scale_is_ready():
    assert Pwr().read_register(pwr.CSR1) & 1 << 14


@pytest.mark.parametrize(
    ("control", "regulator"),
    [
        (0xC000, Regulator(1, False)),
        (0x8000, Regulator(2, False)),
        (0x4000, Regulator(3, False)),
        (0xC000 | ODEN, Regulator(1, False)),
        (0xC000 | ODSWEN, Regulator(1, False)),
        (0xC000 | ODEN | ODSWEN, Regulator(1, True)),
    ],
)
def test_over_drive_is_in_use_when_both_bits_are_set(control, regulator):
    block = Pwr()
    block.write_register(pwr.CR1, control)
    assert block.regulator == regulator


def test_the_voltage_scale_stays_while_the_pll_is_on():
    said = []
    block = Pwr(pll_on=lambda: True, complain=said.append)
    block.write_register(pwr.CR1, 0x4000 | 1 << 8)
    assert block.read_register(pwr.CR1) == 0xC000 | 1 << 8
    assert said == ["The PLL is on, so VOS in PWR_CR1 keeps its voltage scale."]


def test_the_backup_regulator_is_ready_when_it_is_on():
    block = Pwr()
    assert not block.read_register(pwr.CSR1) & 1 << 3
    block.write_register(pwr.CSR1, 1 << 9)
    assert block.read_register(pwr.CSR1) & (1 << 9 | 1 << 3) == 1 << 9 | 1 << 3
