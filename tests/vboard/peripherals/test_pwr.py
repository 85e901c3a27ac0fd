from mcumatrix.vboard.peripherals import pwr
from mcumatrix.vboard.peripherals.pwr import Pwr

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
