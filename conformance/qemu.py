"""The other side: Debian's qemu-system-arm, and a machine with the core that is compared.

One process runs for the whole comparison. The driver reads batches from one pipe and writes results to
another, through QEMU's semihosting.
"""

import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from conformance.batch import Batch
from conformance.driver import Driver
from conformance.errors import ConformanceError
from vstm32.base.chip import CoreModel

PROGRAM = "qemu-system-arm"
MACHINES = {CoreModel.CORTEX_M4: "mps2-an386", CoreModel.CORTEX_M7: "mps2-an500"}
_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.2


class Qemu:
    """Runs batches in a QEMU of its own. `begin` hands a batch over, `finish` waits for its results."""

    name = "QEMU"

    def __init__(self, driver: Driver, core: CoreModel = CoreModel.CORTEX_M7) -> None:
        if shutil.which(PROGRAM) is None:
            raise ConformanceError(
                f"{PROGRAM} is not on PATH; it is what the virtual board is compared with.",
                hint="Install it: apt-get install --no-install-recommends qemu-system-arm.",
            )
        self._driver = driver
        self._machine = MACHINES[core]
        self._folder = tempfile.TemporaryDirectory(prefix="conformance-")
        folder = Path(self._folder.name)
        for name in ("batches", "results"):
            os.mkfifo(folder / name)
        # Both ways for the batches: opening does not wait then for QEMU to open its end.
        self._batches = os.open(folder / "batches", os.O_RDWR | os.O_NONBLOCK)
        self._results = os.open(folder / "results", os.O_RDONLY | os.O_NONBLOCK)
        self._log = (folder / "log").open("w+")
        self._process = subprocess.Popen(
            self._command(),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wanted_bytes = 0

    def _command(self) -> list[str]:
        without = ("-nographic", "-monitor", "none", "-serial", "none")
        semihosting = ("-semihosting-config", "enable=on,target=native")
        return [PROGRAM, "-machine", self._machine, *without, *semihosting, "-kernel", str(self._driver.elf)]

    @staticmethod
    def version() -> str:
        """What QEMU says about itself, without the copyright."""
        ran = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
        return ran.stdout.splitlines()[0]

    def begin(self, batch: Batch) -> None:
        """Hands a batch over; QEMU begins as soon as it has it all."""
        left = memoryview(batch.to_bytes(self._driver.block_end))
        end = time.monotonic() + _TIMEOUT_SECONDS
        while left:
            if select.select([], [self._batches], [], _POLL_SECONDS)[1]:
                left = left[os.write(self._batches, left) :]
            self._check(end)
        self._wanted_bytes = batch.result_bytes

    def finish(self) -> bytes:
        """The records after all runs of the batch."""
        parts: list[bytes] = []
        end = time.monotonic() + _TIMEOUT_SECONDS
        while self._wanted_bytes:
            select.select([self._results], [], [], _POLL_SECONDS)
            try:
                part = os.read(self._results, self._wanted_bytes)
            except BlockingIOError:
                part = b""
            if not part:
                self._check(end)
                time.sleep(0.001)
            parts.append(part)
            self._wanted_bytes -= len(part)
        return b"".join(parts)

    def run(self, batch: Batch) -> bytes:
        """`begin` and `finish` at once."""
        self.begin(batch)
        return self.finish()

    def close(self) -> None:
        """Ends QEMU and removes its pipes."""
        self._process.kill()
        self._process.wait()
        for descriptor in (self._batches, self._results):
            os.close(descriptor)
        self._log.close()
        self._folder.cleanup()

    def _check(self, end: float) -> None:
        if self._process.poll() is None and time.monotonic() < end:
            return
        how = (
            "has ended" if self._process.poll() is not None else f"gave nothing for {_TIMEOUT_SECONDS:.0f} s"
        )
        self._log.seek(0)
        raise ConformanceError(
            f"QEMU {how} in the middle of a batch. It said: {self._log.read().strip() or 'nothing'}",
            hint="Run the same seed again; if it stays, a block of it loops or has overwritten the driver.",
        )
