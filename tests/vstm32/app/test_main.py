"""`python -m vstm32` as a process."""

import signal
import subprocess
import sys

import pytest
import serial

from support.compiling import run
from vstm32.app.command_line import main
from vstm32.app.control import ask
from vstm32.app.starting import read_ready
from vstm32.base.errors import VirtualBoardError

COMMAND = [sys.executable, "-m", "vstm32"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_its_port_is_runs_and_ends_on_a_signal(compile_firmware, tmp_path, end):
    elf = compile_firmware('int main(void) { clock_216(); serial_on(938); put_text("hello\\n"); return 0; }')
    link = tmp_path / "port"
    with subprocess.Popen(
        [*COMMAND, str(elf), "--link", str(link)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        said = process.stdout.readline()
        assert said.startswith("Serial port: /dev/")
        assert said.endswith(f" (link: {link})\n")
        with serial.Serial(str(link), 115_200, timeout=60) as port:
            assert port.readline() == b"hello\n"
        process.send_signal(end)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert not link.is_symlink()


def test_any_uart_can_be_the_serial_port(compile_firmware, tmp_path):
    source = """
    int main(void)
    {
        REG(RCC_AHB1ENR) |= 1u; REG(RCC_APB1ENR) |= 1u << 19; (void)REG(RCC_APB1ENR);
        REG(0x40020000u) = (REG(0x40020000u) & ~3u) | 2u; REG(0x40020020u) = 8u;
        REG(0x40004C0Cu) = 139; REG(0x40004C00u) = 1u | 1u << 3;
        for (const char *text = "four\\n"; *text; text++) {
            while (!(REG(0x40004C1Cu) & 1u << 7)) { }
            REG(0x40004C28u) = (uint8_t)*text;
        }
        return 0;
    }
    """
    link = tmp_path / "port"
    with subprocess.Popen(
        [*COMMAND, str(compile_firmware(source)), "--link", str(link), "--serial", "UART4"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        names = []
        while "Control port" not in names:
            names.append(process.stdout.readline().split(":")[0])
        with serial.Serial(str(link), 115_200, timeout=60) as port:
            assert port.readline() == b"four\n"
        process.terminate()
        process.communicate(timeout=60)
    assert [name for name in names if "Serial" in name or "ART" in name] == [
        "Serial port",
        "USART1",
        "USART6",
        "UART7",
    ]


def test_faults_are_printed_on_stderr(compile_firmware):
    elf = compile_firmware("int main(void) { REG(0x40000400u) = 1; return 0; }")
    with subprocess.Popen(
        [*COMMAND, str(elf)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        said = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=60)
    assert "writes 0x40000400 (TIM3, 4 bytes), which is not modelled by the virtual board." in said


def test_a_bad_file_is_one_clear_sentence_and_a_hint(capsys, tmp_path):
    path = tmp_path / "missing.elf"
    assert main([str(path)]) == 1
    assert capsys.readouterr().err == (
        f"{path} cannot be read: No such file or directory.\n  Give the path of an .elf, .hex or .bin file.\n"
    )


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(
        option in text for option in ("firmware", "--link", "--serial", "--baud", "--timing", "--random-seed")
    )


@pytest.mark.parametrize("timing", ["instructions", "m7-block-1", "m7-cache-2"])
def test_cycles_are_made_as_the_option_says(timing):
    command = [*COMMAND, "--json", "--end-with-stdin", "--timing", timing]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        port = read_ready(process.stdout)["control_port"]
        assert ask(port, "status")["timing_model"] == timing
        process.communicate(timeout=60)


def test_the_model_is_the_default_and_said_before_its_times_are_read():
    with subprocess.Popen(
        [*COMMAND, "--end-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        said, _ = process.communicate(timeout=60)
    assert "Time: virtual, m7-block-1, typical error ±10 % a layer, at worst 46 %\n" in said


def test_a_request_to_end_ends_a_board_in_order_that_waits_for_its_standard_input_too():
    command = [*COMMAND, "--json", "--end-with-stdin", "--off"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        port = read_ready(process.stdout)["control_port"]
        ask(port, "end")
        # Standard input stays open: nobody has said anything there.
        assert process.wait(timeout=60) == 0
        # Nothing of a lockup either: flash is erased, but the board was never on.
        assert process.stderr.read() == ""


@pytest.mark.parametrize(("kind", "ending"), [("ihex", ".hex"), ("binary", ".bin")])
def test_a_hex_or_binary_file_runs_as_its_elf_file_does(compile_firmware, tmp_path, kind, ending):
    elf = compile_firmware(
        'int main(void) { clock_216(); serial_on(938); put_text("hello\\n"); return get(); }'
    )
    image = tmp_path / f"firmware{ending}"
    run("arm-none-eabi-objcopy", "-O", kind, elf, image)
    done = subprocess.run(
        [*COMMAND, str(image), "--serial-console", "--silence", "0"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == (b"hello\n", 0)


def test_an_address_without_a_binary_file_is_refused(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["--at", "0x08000000"])
    assert "--at says where the firmware belongs; give that too" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["firmware.bin", "--at", "flash"])
    assert "argument --at: invalid address value: 'flash'" in capsys.readouterr().err


BUTTON = """
int main(void)
{
    clock_216(); serial_on(938);
    REG(RCC_AHB1ENR) |= 1u << 8; (void)REG(RCC_AHB1ENR);
    for (uint32_t before = 2; ;) {
        uint32_t now = REG(0x40022010u) >> 11 & 1u;
        if (now != before) put_text(now ? "down\\n" : "up\\n");
        before = now;
    }
}
"""


def test_hands_at_the_control_port_press_the_button_and_drive_pins(compile_firmware):
    command = [*COMMAND, str(compile_firmware(BUTTON)), "--json", "--end-with-stdin", "--pin", "PI11=1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ready = read_ready(process.stdout)
        port = ready["control_port"]
        with serial.Serial(ready["serial_port"], 115_200, timeout=60) as line:
            assert line.readline() == b"down\n"
            assert ask(port, "button", pressed=False) == {"pressed": False}
            assert line.readline() == b"up\n"
            assert ask(port, "pin", pin="PI11", level=1) == {"PI11": 1}
            assert line.readline() == b"down\n"
            assert ask(port, "pin", pin="PI11", level=None) == {"PI11": None}
            assert line.readline() == b"up\n"
        for request, message in (
            ({"do": "pin", "pin": "PI11"}, "A pin and its level are missing."),
            ({"do": "pin", "pin": "PI11", "level": True}, "A pin and its level are missing."),
            ({"do": "pin", "pin": "PX1", "level": 1}, "There is no pin 'PX1'."),
            ({"do": "button"}, "The button is pressed or not."),
        ):
            with pytest.raises(VirtualBoardError) as refused:
                ask(port, **request)
            assert refused.value.message == message
        process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("pin", "message"),
    [
        ("PI11", "'PI11' gives PI11 no level.\n  Write it as in PI11=1 or PI11=0."),
        ("button=1", "There is no pin 'button'.\n  There are PA0 to PK15."),
    ],
)
def test_a_pin_of_the_command_line_that_cannot_be_read_is_refused(capsys, pin, message):
    assert main(["--pin", pin]) == 1
    assert capsys.readouterr().err == f"{message}\n"


def test_where_there_is_no_linux_it_says_what_has_one(capsys, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    # It listens to signals from its first line on, which are none of this process.
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert main(["--off"]) == 1
    assert capsys.readouterr() == (
        "",
        "Virtual boards run on Linux alone, and this is Darwin.\n"
        "  A container or a virtual machine with Linux runs them.\n",
    )
