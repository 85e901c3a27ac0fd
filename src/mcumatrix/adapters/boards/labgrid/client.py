"""labgrid's own client, `labgrid-client`, as a program: it alone speaks to the coordinator.

Not as a library: labgrid needs pyserial-labgrid, which writes its files over those of pyserial, so that the
two cannot be in one environment. As a program it may be wherever it likes.
"""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event

from mcumatrix.adapters.boards.labgrid.place import Place, read_place
from mcumatrix.errors import FlashError, FlashFault, McuMatrixError, ToolError
from mcumatrix.printable import printable

PROGRAM_VARIABLE = "MCUMATRIX_LABGRID_CLIENT"
"""Names the program, where it is not on PATH."""
TIMEOUT_S = 30.0
"""How long the coordinator may take for an answer. gRPC gives a host up that says nothing after some 20 s."""
POWER_TIMEOUT_S = 60.0
_PAUSES_S = (1.0, 2.0)
"""Before the coordinator is asked again that could not be reached: it may be starting anew."""

_PROGRAM = "labgrid-client"
_ERROR = f"{_PROGRAM}: Error: "
_UNREACHABLE = ("coordinator is unavailable", "coordinator became unavailable", "connect to coordinator")
_OUR_NAME = ("LG_HOSTNAME", "LG_USERNAME")


class RefusedError(McuMatrixError):
    """The coordinator, or its client, does not do what it was asked for; `message` is what it said."""


def find_program(environment: Mapping[str, str] = os.environ) -> str:
    """Where the client is. Raises ToolError."""
    named = environment.get(PROGRAM_VARIABLE, "")
    found = shutil.which(named or _PROGRAM, path=environment.get("PATH"))
    if found is None:
        where = f"{PROGRAM_VARIABLE} names {named}, which is no program" if named else "it is not on PATH"
        raise ToolError(
            f"Boards of labgrid need its client, {_PROGRAM}, and {where}.",
            hint=f"pipx install labgrid; or name the program in {PROGRAM_VARIABLE}. It cannot be in the "
            "environment of mcumatrix: see docs/labgrid.md.",
        )
    return found


def our_name(environment: Mapping[str, str] = os.environ) -> str:
    """What the coordinator calls who acquires something from here, HOST/USER: as its client makes it."""
    host, user = (environment.get(name, "") for name in _OUR_NAME)
    return f"{host or socket.gethostname()}/{user or getpass.getuser()}"


@dataclass(frozen=True, slots=True)
class LabgridClient:
    """Asks the coordinator at an address about a place. `stop` ends the pauses before it is asked again."""

    coordinator: str
    place: str
    stop: Event

    def show(self) -> Place:
        """The place as it is now.

        Raises:
            FlashError: the coordinator knows none that is called exactly so.
            ToolError: the client is not there, or the coordinator cannot be reached.
        """
        try:
            found = read_place(self._ask("show"))
        except RefusedError as error:
            raise self._unknown(error.message) from error
        if not found.is_called(self.place):
            raise self._unknown(f"the nearest is {found.name}")
        return found

    def acquire(self) -> None:
        """Acquires it for us. Raises RefusedError, ToolError."""
        self._ask("acquire")

    def release(self) -> None:
        """Releases it if it is ours, and nobody else's. Raises RefusedError, ToolError."""
        self._ask("release-from", our_name())

    def power_cycle(self) -> None:
        """Switches it off and on by the driver that labgrid has for it. Raises RefusedError, ToolError."""
        # A file that says which drivers there are is for this alone: with it, others act on all places in it.
        self._ask("power", "cycle", keep=("LG_ENV",), timeout_s=POWER_TIMEOUT_S)

    def by_hand(self, *what: str) -> str:
        """The command line by which a person does the same."""
        return " ".join((_PROGRAM, "-x", self.coordinator, "-p", self.place, *what))

    def _ask(self, *what: str, keep: tuple[str, ...] = (), timeout_s: float = 0.0) -> str:
        """`timeout_s` is `TIMEOUT_S` if not given."""
        for pause_s in _PAUSES_S:
            try:
                return self._ask_once(what, keep, timeout_s or TIMEOUT_S)
            except _AwayError:
                if self.stop.wait(pause_s):
                    raise
        return self._ask_once(what, keep, timeout_s or TIMEOUT_S)

    def _ask_once(self, what: tuple[str, ...], keep: tuple[str, ...], timeout_s: float) -> str:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("LG_") or name in (*_OUR_NAME, *keep)
        }
        command = [find_program(), "-x", self.coordinator, "-p", self.place, *what]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=environment,
                timeout=timeout_s,
                check=False,
                # Ctrl-C is for us: what was begun at the coordinator is brought to its end.
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise self._away(ToolError, f"there is no answer within {timeout_s:g} s") from error
        except OSError as error:
            raise ToolError(f"{command[0]} cannot be started: {error.strerror}.") from error
        said = done.stderr.decode(errors="replace")
        if done.returncode == 0:
            return done.stdout.decode(errors="replace")
        if any(words in said for words in _UNREACHABLE):
            # "...: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused"
            reasons = [line.rpartition(": ")[2] for line in said.splitlines() if "unavailable" in line]
            raise self._away(_AwayError, printable(reasons[-1] if reasons else said.strip()))
        *_, last = "it said nothing", *filter(None, (line.strip() for line in said.splitlines()))
        raise RefusedError(printable(last.removeprefix(_ERROR).removesuffix(".")))

    def _away(self, kind: type[ToolError], why: str) -> ToolError:
        return kind(
            f"The coordinator of labgrid at {self.coordinator} cannot be reached: {why}.",
            hint="Start it, or mend `coordinator` in the board's file; `doit boards` asks it again.",
        )

    def _unknown(self, why: str) -> FlashError:
        return FlashError(
            f"the coordinator of labgrid at {self.coordinator} knows no place {self.place}: {why}",
            hint=f"Its places: {_PROGRAM} -x {self.coordinator} places",
            fault=FlashFault.NO_PROBE,
        )


class _AwayError(ToolError):
    """Nobody listens there: it may be starting anew."""
