import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.base.serial_line import BACKLOG_BYTES, SerialLine, Wakeup, frame_bits, sample_frame


@given(byte=st.integers(0, 255), error=st.floats(-0.04, 0.04))
def test_a_frame_is_read_right_while_both_rates_are_close(byte, error):
    assert sample_frame(frame_bits(byte, 8, None, 1), 115_200 * (1 + error), 115_200) == (byte, True)


def test_a_frame_at_half_the_rate_is_read_as_every_bit_twice():
    # Sent slowly, 0x55 is 0 1 0 1 ...: the receiver sees 0 0 1 1 0 0 1 1 0 and a stop bit of 0.
    assert sample_frame(frame_bits(0x55, 8, None, 1), 57_600, 115_200) == (0b0110_0110, False)


def test_a_frame_at_double_the_rate_is_over_before_the_receiver_has_read_half():
    assert sample_frame(frame_bits(0x00, 8, None, 1), 230_400, 115_200) == (0b1111_1000, True)


@pytest.mark.parametrize(("parity", "bit"), [(0, 1), (1, 0)])
def test_parity_completes_the_ones(parity, bit):
    assert frame_bits(0b0000_0111, 8, parity, 1) == [0, 1, 1, 1, 0, 0, 0, 0, 0, bit, 1]


def test_output_waits_for_its_reader():
    line = SerialLine(Wakeup())
    line.put(b"before\nafter")
    assert line.read_until(b"\n") == b"before\n"
    assert (line.read(), line.read()) == (b"after", b"")


def test_a_reader_that_waits_is_woken_by_output():
    line = SerialLine(Wakeup())
    threading.Timer(0.02, line.put, [b"late\n"]).start()
    assert line.read_until(b"\n", 10) == b"late\n"


def test_what_does_not_come_in_time_is_an_error_with_what_came():
    line = SerialLine(Wakeup())
    line.put(b"half")
    with pytest.raises(TimeoutError, match="b'half'"):
        line.read_until(b"\n", 0.01)


def test_the_backlog_keeps_the_newest_and_counts_what_it_drops():
    line = SerialLine(Wakeup())
    line.put(b"a" * BACKLOG_BYTES)
    line.put(b"bcd")
    data = line.read()
    assert (len(data), data[-4:], line.dropped_bytes) == (BACKLOG_BYTES, b"abcd", 3)
