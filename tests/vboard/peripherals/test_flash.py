from mcumatrix.vboard.peripherals import flash
from mcumatrix.vboard.peripherals.flash import FlashInterface

LOCK = 1 << 31


def unlock(block, *keys):
    for key in keys:
        block.write_register(flash.KEYR, key)


def test_two_right_keys_unlock_and_lock_can_be_set_again():
    block = FlashInterface()
    unlock(block, 0x4567_0123, 0xCDEF_89AB)
    assert not block.read_register(flash.CR) & LOCK
    block.write_register(flash.CR, LOCK)
    assert block.read_register(flash.CR) & LOCK


def test_a_wrong_key_locks_flash_until_reset():
    block = FlashInterface()
    unlock(block, 0x4567_0123, 0, 0x4567_0123, 0xCDEF_89AB)
    assert block.read_register(flash.CR) & LOCK
    block.reset()
    unlock(block, 0x4567_0123, 0xCDEF_89AB)
    assert not block.read_register(flash.CR) & LOCK


def test_a_locked_control_register_ignores_writes():
    block = FlashInterface()
    block.write_register(flash.CR, 0x200)
    assert block.read_register(flash.CR) == LOCK


def test_a_programming_bit_is_a_finding(bench):
    source = """
    int main(void)
    {
        REG(FLASH_KEYR) = 0x45670123u; REG(FLASH_KEYR) = 0xCDEF89ABu;
        REG(FLASH_CR) = 1; seen[0] = REG(FLASH_SR); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run().board
    assert [finding.sentence.split(" (")[0] for finding in board.findings] == [
        "FLASH interface_CR: the virtual board does not act on bits 0x1"
    ]


def test_wait_states_and_accelerator_read_back():
    block = FlashInterface()
    block.write_register(flash.ACR, 0x307)
    assert block.read_register(flash.ACR) == 0x307
