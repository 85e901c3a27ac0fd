"""The words, numbers and times that stand in files, each with what it must look like."""

import re
import shlex
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from mcumatrix.matrix.flags import RefusedError, check_cmake_name, check_cmake_value, check_flag
from mcumatrix.matrix.schema.names import check_name
from mcumatrix.matrix.suggest import did_you_mean
from mcumatrix.model.catalogue import DEFAULT_SUITE
from mcumatrix.model.labelled import MAX_SAMPLES
from mcumatrix.model.schedule import MAXIMUM_RUNS
from mcumatrix.units import format_frequency, parse_duration_s, parse_frequency_hz

MAXIMUM_MATRIX_S = 1000 * 3_600.0
"""As long as a run of a matrix may be allowed to take."""
MAXIMUM_VIRTUAL_BOARDS = 16
"""As many virtual specimens of a board may run at once."""
SWD_HZ = (1_000, 50_000_000)
"""Between these is the frequency of a debug probe's clock; probes round to what they can."""
SERIAL_SCHEMES = ("alt", "cp2110", "hwgrep", "loop", "rfc2217", "socket", "spy")
"""What pyserial 3.5 opens besides devices (serial.urlhandler)."""

_GCC_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)
_SUITE = re.compile(r"[a-z]{1,30}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_HTTPS_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~+%-]+)*/[A-Za-z0-9][A-Za-z0-9._+-]*")
_GIT_URL = re.compile(
    r"(git\+)?(https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~+%-]+)+|file://(localhost)?(/[A-Za-z0-9._~+%-]+)+)/?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,200}", re.ASCII)
_PROBE = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
_DEVICE = re.compile(r"/[!-~]+", re.ASCII)
_SERIAL_URL = re.compile(r"(?P<scheme>[a-z0-9]+)://(?P<rest>[!-~]*)", re.ASCII)
_HOST_AND_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}([/?].*)?", re.ASCII)
_COORDINATOR = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_PLACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,99}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _path(text: str) -> str:
    parts = text.split("/")
    if "\\" in text or any(part in ("", ".", "..") for part in parts):
        raise RefusedError("it is not a path below the project", "Write it as in 'firmware/models/x.tflite'.")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise RefusedError("it is empty", "Say in a few words why.")
    return text.strip()


def _whole_number(value: object) -> object:
    if isinstance(value, str):
        if not _WHOLE_NUMBER.fullmatch(value):
            raise RefusedError("it is not a whole number", "Write digits, such as 3.")
        return int(value)
    return value


def _percent(value: object) -> object:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise RefusedError("it is no number of percent", "Write a number, such as 2.5.")
        return float(value)
    return value


def _gcc_version(text: str) -> str:
    if not _GCC_VERSION.fullmatch(text):
        raise RefusedError(
            "it is not a version of gcc", "Write what gcc -dumpfullversion answers, as 12.2.1."
        )
    return text


def is_suite(text: str) -> bool:
    """Whether a text may be the code name of a Debian."""
    return _SUITE.fullmatch(text) is not None


def _suite(text: str) -> str:
    if not is_suite(text):
        raise RefusedError(
            "it is not the code name of a Debian", f"Write it as Debian does, such as {DEFAULT_SUITE}."
        )
    return text


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise RefusedError("it is not a SHA-256", "Write its 64 hexadecimal digits in lower case.")
    return text


def _md5(text: str) -> str:
    if not _MD5.fullmatch(text):
        raise RefusedError("it is not an MD5", "Write its 32 hexadecimal digits in lower case.")
    return text


def _https_url(text: str) -> str:
    if not _HTTPS_URL.fullmatch(text):
        raise RefusedError(
            "it is not a https URL of a file", "Write it as in 'https://host/path/name.tar.xz'."
        )
    return text


def _git_url(text: str) -> str:
    if not _GIT_URL.fullmatch(text):
        raise RefusedError(
            "it is not a https URL of a git repository",
            "Write it as in 'https://host/owner/name', or 'file:///path' for one on this machine.",
        )
    return text


def _commit(text: str) -> str:
    if not _COMMIT.fullmatch(text):
        raise RefusedError(
            "it is not the id of a commit",
            "Write its 40 hexadecimal digits in lower case: `git rev-parse REVISION^{commit}` says them.",
        )
    return text


def _revision(text: str) -> str:
    if not _REVISION.fullmatch(text):
        raise RefusedError("it is not a branch or a tag", "Write it as in 'v1.2.0'.")
    return text


def check_probe(text: str) -> str:
    """Returns the unique id of a debug probe.

    Raises:
        RefusedError: empty, longer than 100 characters, or others than letters, digits and `-_.:`.
    """
    if not _PROBE.fullmatch(text):
        raise RefusedError(
            "it is no unique id of a debug probe", "`doit boards` lists those that are attached."
        )
    return text


def check_serial_port(text: str) -> str:
    """Returns the path of a device, or a URL that pyserial opens.

    Raises:
        RefusedError: neither, an unknown kind of URL, or a network port without host and port.
    """
    url = _SERIAL_URL.fullmatch(text)
    if url is None:
        if not _DEVICE.fullmatch(text):
            raise RefusedError(
                "it is neither a device nor a URL of pyserial",
                "Write it as in '/dev/ttyACM0' or 'rfc2217://host:4000'.",
            )
        return text
    if url["scheme"] not in SERIAL_SCHEMES:
        raise RefusedError("pyserial has no such URLs", did_you_mean(url["scheme"], SERIAL_SCHEMES))
    if url["scheme"] in ("rfc2217", "socket") and not _HOST_AND_PORT.fullmatch(url["rest"]):
        raise RefusedError("it has no host and port", f"Write it as in '{url['scheme']}://host:4000'.")
    return text


def _coordinator(text: str) -> str:
    if not _COORDINATOR.fullmatch(text):
        raise RefusedError("it is no host, nor host and port", "Write it as in 'lab1' or 'lab1:20408'.")
    return text


def _place(text: str) -> str:
    if not _PLACE.fullmatch(text):
        raise RefusedError("it is no name of a place", "`labgrid-client places` lists those that there are.")
    return text


def _command_line(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise RefusedError(
            "its quotes do not match", "Close every quote; no shell sees the command."
        ) from error
    if not words:
        raise RefusedError("it is empty", "Write a command with its arguments, or remove the key.")
    return text


def _duration(text: str) -> str:
    try:
        parse_duration_s(text)
    except ValueError as error:
        raise RefusedError(
            "it is no time between 1 ms and 1 h",
            "Write a number and a unit, such as '500 ms', '10 s' or '2 min'.",
        ) from error
    return text


def _long_duration(text: str) -> str:
    try:
        parse_duration_s(text, MAXIMUM_MATRIX_S)
    except ValueError as error:
        raise RefusedError(
            "it is no time between 1 ms and 1000 h", "Write a number and a unit, such as '90 min' or '48 h'."
        ) from error
    return text


def _swd_frequency(text: str) -> str:
    slowest, fastest = SWD_HZ
    try:
        frequency_hz = parse_frequency_hz(text)
    except ValueError:
        frequency_hz = 0
    if not slowest <= frequency_hz <= fastest:
        raise RefusedError(
            f"it is no frequency between {format_frequency(slowest)} and {format_frequency(fastest)}",
            "Write a number and a unit, such as '4 MHz'.",
        )
    return text


def one_as_list(value: object) -> object:
    """Makes a list of a text that stands alone."""
    return [value] if isinstance(value, str) else value


# Scalars come as they are written, whatever YAML thinks of them; an editor sees numbers and booleans.
Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Name = Annotated[Text, AfterValidator(check_name)]
Reason = Annotated[str, AfterValidator(_not_blank)]
RelativePath = Annotated[str, AfterValidator(_path)]
GccVersion = Annotated[str, AfterValidator(_gcc_version)]
Suite = Annotated[str, AfterValidator(_suite)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
Md5 = Annotated[str, AfterValidator(_md5)]
GitUrl = Annotated[str, AfterValidator(_git_url)]
Commit = Annotated[Text, AfterValidator(_commit)]
Revision = Annotated[Text, AfterValidator(_revision)]
HttpsUrl = Annotated[str, AfterValidator(_https_url)]
_SomeTexts = Annotated[list[Text], Field(min_length=1)]
Texts = Annotated[_SomeTexts, BeforeValidator(one_as_list, json_schema_input_type=Text | _SomeTexts)]
Repeat = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole_number)]
Warmup = Annotated[int, Field(ge=0, le=1000), BeforeValidator(_whole_number)]
Percent = Annotated[float, Field(ge=0, le=1000), BeforeValidator(_percent)]
Baud = Annotated[int, Field(ge=1_200, le=12_000_000), BeforeValidator(_whole_number)]
Runs = Annotated[int, Field(ge=1, le=MAXIMUM_RUNS), BeforeValidator(_whole_number)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1), BeforeValidator(_whole_number)]
Samples = Annotated[int, Field(ge=1, le=MAX_SAMPLES), BeforeValidator(_whole_number)]
Digit = Annotated[int, Field(ge=0, le=9), BeforeValidator(_whole_number)]
Count = Annotated[int, Field(ge=1, le=MAXIMUM_VIRTUAL_BOARDS), BeforeValidator(_whole_number)]
Probe = Annotated[Text, AfterValidator(check_probe)]
SerialPort = Annotated[str, AfterValidator(check_serial_port)]
Coordinator = Annotated[Text, AfterValidator(_coordinator)]
PlaceName = Annotated[Text, AfterValidator(_place)]
CommandLine = Annotated[str, AfterValidator(_command_line)]
Duration = Annotated[str, AfterValidator(_duration)]
LongDuration = Annotated[str, AfterValidator(_long_duration)]
SwdFrequency = Annotated[str, AfterValidator(_swd_frequency)]
Flag = Annotated[str, AfterValidator(check_flag)]
CMakeName = Annotated[str, AfterValidator(check_cmake_name)]
CMakeValue = Annotated[Text, AfterValidator(check_cmake_value)]


class OnOff(StrEnum):
    """A thing that is done or not."""

    ON = "on"
    OFF = "off"


class Strict(BaseModel):
    """A part of a file, which has no other keys than those that it declares."""

    model_config = ConfigDict(extra="forbid")
