"""The serial port as pyserial sees it."""

import time

import pytest
import serial

from vstm32.base.errors import VirtualBoardError
from vstm32.base.serial_line import SerialLine, Wakeup
from vstm32.board.pty_port import PtyPort

ECHO = """
int main(void)
{
    clock_216(); serial_on(938);
    put_text("Program started @ 216000000...\\r\\n");
    for (;;) {
        int byte = get();
        put((char)byte);
    }
}
"""


def test_what_the_board_said_before_the_port_was_opened_is_read_in_full(bench):
    board = bench(ECHO).board
    path = board.serial_port
    board.start()
    time.sleep(0.15)
    with serial.Serial(path, 115_200, timeout=60) as port:
        assert port.readline() == b"Program started @ 216000000...\r\n"


def test_a_line_of_200_bytes_comes_back_whole(bench):
    board = bench(ECHO).board
    board.start()
    line = bytes(range(33, 127)) * 2 + b" twelve byte\n"
    assert len(line) == 201
    with serial.Serial(board.serial_port, 115_200, timeout=60) as port:
        port.readline()
        port.write(line)
        assert port.readline() == line
    assert board.findings == ()


def test_every_byte_value_passes_both_ways_unchanged(bench):
    board = bench(ECHO).board
    board.start()
    everything = bytes(range(256))
    with serial.Serial(board.serial_port, 115_200, timeout=60) as port:
        port.readline()
        port.write(everything)
        assert port.read(256) == everything


def test_the_port_can_be_closed_and_opened_again(bench):
    board = bench(ECHO).board
    board.start()
    with serial.Serial(board.serial_port, 115_200, timeout=60) as port:
        port.readline()
    for _ in range(3):
        with serial.Serial(board.serial_port, 115_200, timeout=60) as port:
            port.write(b"again\n")
            assert port.readline() == b"again\n"


def test_output_larger_than_every_kernel_buffer_arrives_complete(bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938);
        for (int line = 0; line < 800; line++) {
            for (int i = 0; i < 63; i++) put((char)('A' + (line + i) % 26));
            put('\\n');
        }
        return 0;
    }
    """
    board = bench(source).board
    board.start()
    with serial.Serial(board.serial_port, 115_200, timeout=60) as port:
        text = port.read(800 * 64)
    lines = [bytes(ord("A") + (line + index) % 26 for index in range(63)) for line in range(800)]
    assert text == b"".join(line + b"\n" for line in lines)


def test_a_link_points_to_the_port_and_goes_with_it(bench, tmp_path):
    link = tmp_path / "board"
    board = bench(ECHO, link=link).board
    path = board.serial_port
    assert str(link.readlink()) == path
    board.close()
    assert not link.is_symlink()


def test_an_old_link_is_replaced_but_a_file_is_not(tmp_path):
    link = tmp_path / "board"
    link.symlink_to("/dev/null")
    PtyPort(SerialLine(Wakeup()), link).close()
    link.write_text("mine")
    with pytest.raises(VirtualBoardError) as caught:
        PtyPort(SerialLine(Wakeup()), link)
    assert str(caught.value) == (
        f"The link {link} to the serial port cannot be made: File exists.\n"
        "  Give a path in a folder you may write to, where no other file stands."
    )
    assert link.read_text() == "mine"
