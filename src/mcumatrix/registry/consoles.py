"""Serial lines to boards."""

from mcumatrix.ports import Console


def open_console(port: str, baud: int) -> Console:
    """Opens a serial line."""
    from mcumatrix.adapters.consoles.serial_port import SerialPort

    return SerialPort(port, baud)
