"""The commands for the host: measuring, changing the input, looking into a layer."""

import zlib

import pytest

from mcumatrix import wire
from support.firmware_images import DIGIT

TAKE_STACK, TAKEN_STACK_BYTES = 13, 3000
"""What a deed of the fake runtime takes of the stack."""


def answer(terminal, command):
    (exchange,) = wire.read_exchanges(terminal.ask(command).encode())
    assert (exchange.command, exchange.nonce) == (command.number, command.nonce)
    return exchange


def data(exchange):
    """The bytes that follow the one tensor of an exchange."""
    (tensor,) = exchange.of(wire.Tensor)
    joined = b""
    for line in exchange.of(wire.DataLine):
        assert line.offset == len(joined)
        joined += line.payload
    assert len(joined) == tensor.size_bytes
    return joined


def test_a_bench_tells_all_of_it_in_the_declared_order(power_on):
    bench = answer(power_on(), wire.RunBench(0xBEEF, 2, 3))
    assert bench.ok
    assert bench.text == ()
    per_repeat = [wire.Time, wire.Time, wire.Total]
    assert [type(message) for message in bench.messages] == [
        *(wire.Hello, wire.Clocks, *(wire.Rate,) * 3, *(wire.Register,) * 4),
        *(wire.Memory, wire.Stack, wire.Bench, wire.Layer, wire.Layer),
        *(wire.Used, wire.Used),
        *per_repeat * 3,
        *(wire.Tensor, wire.DataLine),
    ]
    assert bench.of(wire.Memory) == (wire.Memory(204),)
    assert bench.of(wire.Bench) == (wire.Bench(2, 3, zlib.crc32(DIGIT)),)
    assert [(layer.layer, layer.op) for layer in bench.of(wire.Layer)] == [(0, "RESHAPE"), (1, "SOFTMAX")]
    assert len({layer.code for layer in bench.of(wire.Layer) if layer.code and layer.code % 2 == 0}) == 2
    assert bench.of(wire.Used) == (wire.Used(1, "fake_softmax"), wire.Used(1, "fake_exponent"))
    assert [(time.repeat, time.layer) for time in bench.of(wire.Time)] == [
        (repeat, layer) for repeat in range(3) for layer in range(2)
    ]
    assert bench.of(wire.Tensor) == (wire.Tensor("output", 9, "1x4", 0.5, -128, 4),)
    assert data(bench) == DIGIT[:4]


def test_every_repeat_gives_the_same_cycles_and_the_total_covers_its_layers(power_on):
    bench = answer(power_on(), wire.RunBench(1, 1, 3))
    cycles = [time.cycles for time in bench.of(wire.Time)]
    totals = [total.cycles for total in bench.of(wire.Total)]
    assert cycles[0:2] == cycles[2:4] == cycles[4:6]
    assert totals[0] == totals[1] == totals[2]
    assert sum(cycles[0:2]) <= totals[0] < sum(cycles[0:2]) + 500
    assert {total.output_crc32 for total in bench.of(wire.Total)} == {zlib.crc32(DIGIT[:4])}


def test_the_stack_of_an_inference_is_what_the_runtime_takes_of_it(power_on):
    (little,) = answer(power_on(), wire.RunBench(1, 1, 1)).of(wire.Stack)
    taking = power_on(digit=bytes([TAKE_STACK]) + DIGIT[1:])
    (much,) = answer(taking, wire.RunBench(1, 1, 1)).of(wire.Stack)
    assert 0 < little.inference_bytes < 256
    assert TAKEN_STACK_BYTES <= much.inference_bytes < TAKEN_STACK_BYTES + 128
    assert much.inference_bytes < much.deepest_bytes < much.inference_bytes + 1024
    assert much.size_bytes == little.size_bytes == 16 * 1024


def test_the_stack_of_a_bench_is_not_that_of_what_ran_before(power_on):
    terminal = power_on(digit=bytes([TAKE_STACK]) + DIGIT[1:])
    (before,) = answer(terminal, wire.RunBench(1, 0, 1)).of(wire.Stack)
    assert answer(terminal, wire.WriteInput(2, 0, bytes([0]))).ok
    (after,) = answer(terminal, wire.RunBench(3, 0, 1)).of(wire.Stack)
    assert after.inference_bytes < 256
    assert after.deepest_bytes == before.deepest_bytes


def test_two_clocks_give_the_same_cycles(power_on):
    slow = answer(power_on(clock_hz=216_000_000), wire.RunBench(1, 1, 2))
    fast = answer(power_on(clock_hz=288_000_000), wire.RunBench(1, 1, 2))
    assert slow.of(wire.Time) == fast.of(wire.Time)
    assert slow.of(wire.Total) == fast.of(wire.Total)
    assert slow.of(wire.Clocks) != fast.of(wire.Clocks)


def test_a_bench_without_warm_up_is_measured_from_the_first_inference(power_on):
    assert answer(power_on(), wire.RunBench(1, 0, 1)).ok


@pytest.mark.parametrize(
    ("warmup", "repeat", "error"),
    [
        (1, 0, "repeat=0 is not within 1 and 1024, for which the board can keep the times of 2 layers"),
        (1, 1025, "repeat=1025 is not within 1 and 1024, for which the board can keep the times of 2 layers"),
        (
            1,
            2**32 - 1,
            "repeat=4294967295 is not within 1 and 1024, for which the board can keep the times of 2 layers",
        ),
        (1001, 1, "warmup=1001 is not within 0 and 1000"),
        (2**32 - 1, 1, "warmup=4294967295 is not within 0 and 1000"),
    ],
)
def test_a_number_beyond_its_limit_is_an_error_that_closes_the_exchange(power_on, warmup, repeat, error):
    refused = answer(power_on(), wire.RunBench(1, warmup, repeat))
    assert not refused.ok
    assert refused.text == (f"ERROR: {error}",)
    assert refused.messages == ()


def test_the_largest_number_of_repeats_is_run_to_the_last(power_on):
    """Sending all of them would take long: the fake runtime fails in the last one."""
    fails_in_inference_1024 = bytes([11]) + DIGIT[1:]
    refused = answer(power_on(digit=fails_in_inference_1024), wire.RunBench(1, 0, 1024))
    assert refused.text == ("ERROR: the runtime failed: the fake runtime was told to fail in inference 1024",)


def test_a_runtime_that_fails_closes_the_exchange_with_its_reason(power_on):
    terminal = power_on(digit=bytes([1, *range(99)]))
    for command in (wire.RunBench(1, 0, 1), wire.RunBench(1, 1, 1), wire.DumpLayer(1, 0)):
        failed = answer(terminal, command)
        assert not failed.ok
        assert failed.text == ("ERROR: the runtime failed: the fake runtime was told to fail",)
        assert failed.messages == ()


def test_written_bytes_are_what_is_measured_again_and_again(power_on):
    terminal = power_on()
    assert answer(terminal, wire.WriteInput(1, 1, bytes([0x80, 0x7F, 0x01]))).ok
    assert answer(terminal, wire.WriteInput(2, 4, bytes(range(96)))).ok
    expected = bytes([0, 0x80, 0x7F, 1, *range(96)])
    for _ in range(2):
        bench = answer(terminal, wire.RunBench(1, 0, 2))
        assert bench.of(wire.Bench)[0].input_crc32 == zlib.crc32(expected)
        assert data(bench) == expected[:4]


def inferred(terminal, nonce):
    """The one line of what an inference was asked and answered, and the bytes of its answer."""
    exchange = answer(terminal, wire.Infer(nonce))
    assert exchange.ok
    assert [type(message) for message in exchange.messages] == [wire.Inferred, wire.DataLine]
    said, line = exchange.messages
    assert line.offset == 0
    return said, line.payload


def test_loaded_bytes_are_not_answered_and_the_next_inference_tells_what_arrived(power_on):
    terminal = power_on()
    assert inferred(terminal, 1) == (wire.Inferred(zlib.crc32(DIGIT), zlib.crc32(DIGIT[:4])), DIGIT[:4])
    assert terminal.ask(wire.LoadInput(0, bytes([0, 9, 8, 7]))) == ""
    assert terminal.ask(wire.LoadInput(4, bytes(96))) == ""
    asked = bytes([0, 9, 8, 7, *bytes(96)])
    for nonce in (2, 3):
        assert inferred(terminal, nonce) == (
            wire.Inferred(zlib.crc32(asked), zlib.crc32(asked[:4])),
            asked[:4],
        )


def test_many_inputs_in_one_burst_lose_no_byte(power_on):
    lines = (
        b"".join(wire.LoadInput(at, bytes([0, at + 1])).encode() for at in range(0, 98, 2))
        + wire.Infer(5).encode()
    )
    (exchange,) = wire.read_exchanges(power_on().send(lines).encode())
    asked = bytes(n for at in range(0, 98, 2) for n in (0, at + 1)) + DIGIT[98:]
    assert exchange.of(wire.Inferred)[0].input_crc32 == zlib.crc32(asked)


def test_a_load_outside_of_the_input_is_an_error_line_alone(power_on):
    assert power_on().ask(wire.LoadInput(99, b"\xaa\xaa")) == (
        "ERROR: 2 bytes at offset 99 do not lie within the input of 100 bytes; nothing was changed\r\n"
    )


def test_an_inference_that_fails_closes_the_exchange_with_its_reason(power_on):
    failed = answer(power_on(digit=bytes([1, *range(99)])), wire.Infer(1))
    assert not failed.ok
    assert failed.text == ("ERROR: the runtime failed: the fake runtime was told to fail",)
    assert failed.messages == ()


@pytest.mark.parametrize(("offset", "size_bytes"), [(100, 1), (99, 2), (5, 96), (2**32 - 1, 2)])
def test_bytes_outside_of_the_input_are_refused_and_change_nothing(power_on, offset, size_bytes):
    terminal = power_on()
    refused = answer(terminal, wire.WriteInput(1, offset, b"\xaa" * size_bytes))
    assert not refused.ok
    assert refused.text == (
        f"ERROR: {size_bytes} bytes at offset {offset} do not lie within the input of 100 bytes; "
        "nothing was changed",
    )
    assert answer(terminal, wire.RunBench(1, 0, 1)).of(wire.Bench)[0].input_crc32 == zlib.crc32(DIGIT)


def test_the_output_of_any_layer_can_be_looked_at(power_on):
    terminal = power_on()
    hidden = answer(terminal, wire.DumpLayer(1, 0))
    assert hidden.of(wire.Tensor) == (wire.Tensor("layer_0", 9, "1x100", 0.25, -3, 100),)
    assert data(hidden) == DIGIT[::-1]
    assert data(answer(terminal, wire.DumpLayer(2, 1))) == DIGIT[:4]


@pytest.mark.parametrize("layer", [2, 2**32 - 1])
def test_a_layer_that_is_not_there_is_refused(power_on, layer):
    refused = answer(power_on(), wire.DumpLayer(1, layer))
    assert not refused.ok
    assert refused.text == (f"ERROR: there is no layer {layer}; the model has layers 0 to 1",)
