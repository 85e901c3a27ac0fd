from mcumatrix.vboard.peripherals import mpu
from mcumatrix.vboard.peripherals.mpu import Mpu


def test_each_region_keeps_its_own_base_and_attributes():
    block = Mpu()
    for region in range(8):
        block.write_register(mpu.RNR, region)
        block.write_register(mpu.RBAR, 0x2000_0000 + region * 0x1000)
        block.write_register(mpu.RASR, region << 1 | 1)
    for region in range(8):
        block.write_register(mpu.RNR, region)
        assert block.read_register(mpu.RBAR) == 0x2000_0000 + region * 0x1000 | region
        assert block.read_register(mpu.RASR) == region << 1 | 1


def test_a_base_with_the_valid_bit_selects_its_region():
    block = Mpu()
    block.write_register(mpu.RBAR, 0x6000_0000 | 1 << 4 | 5)
    assert block.read_register(mpu.RNR) == 5
    assert block.read_register(mpu.RBAR) == 0x6000_0005
