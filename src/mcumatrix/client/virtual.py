"""A virtual board for a script: it runs an image, and its ports are pseudo terminals."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mcumatrix.adapters.boards.machine import Machine
from mcumatrix.client.errors import ClientError
from vstm32.base.errors import VirtualBoardError
from vstm32.board.options import BoardOptions


@contextmanager
def virtual_board(
    image: Path | str, *, port: str = "UART7", timing: str = "", chip: str = ""
) -> Iterator[str]:
    """Starts a virtual board that runs an ELF file, and gives the port that a `Board` opens: the
    pseudo terminal of one of its UARTs. It ends with the block.

    `timing` is the name of a timing model and `chip` that of a chip; see docs/virtual-board.md.

    Raises:
        BoardError: it does not start.
        ClientError: there is no such image, timing model, chip or port.
    """
    firmware = Path(image)
    if not firmware.is_file():
        raise ClientError(
            f"There is no image {firmware}.",
            hint="mcumatrix leaves it in build/images/<variant>/output/image.elf.",
        )
    try:
        options = BoardOptions(chip=chip) if chip else BoardOptions()
        options = replace(options, timing=timing) if timing else options
    except VirtualBoardError as error:
        raise ClientError(error.message, hint=error.hint) from error
    with tempfile.TemporaryDirectory(prefix="mcumatrix-board-") as folder:
        machine = Machine(Path(folder), options, firmware=firmware)
        try:
            machine.wait_until_ready()
            ports = machine.ask("status")["serial_ports"]
            if port not in ports:
                raise ClientError(
                    f"The virtual board has no port {port}.", hint=f"It has: {', '.join(sorted(ports))}."
                )
            yield ports[port]
        finally:
            machine.end()
