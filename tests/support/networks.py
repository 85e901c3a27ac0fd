"""Two hosts of a test's own: network namespaces, and a link between them that delays, loses and can be cut.

The link carries IP packets between two TUN devices, so that TCP of this kernel sees what it would see on
a bad line. That takes no netem, which not every kernel has.
"""

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TypeVar

import pytest

_TUN = Path("/dev/net/tun")
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x4004_54CA, 0x0001, 0x1000
_CLONE_NEWNET = 0x4000_0000
_PACKET_BYTES = 65_536
_IDLE_S = 0.05
_Result = TypeVar("_Result")


class BadLink:
    """Hosts `user` and `board`, with the addresses `USER` and `BOARD`, from entering until leaving."""

    USER, BOARD = "10.213.0.1", "10.213.0.2"

    def __init__(self) -> None:
        self.delay_s = 0.0
        """From one host to the other."""
        self.loss = 0.0
        """Which part of the packets is lost, from 0 to 1."""
        self.is_cut = False
        self.lost = 0
        """How many packets were lost so far."""
        self._random = random.Random(1)
        self._stack = ExitStack()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        with self._stack:
            try:
                devices = [self._host(name, address) for name, address in self._hosts()]
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"network namespaces cannot be made here: {error}")
            carrier = threading.Thread(target=self._carry, args=(devices,), daemon=True)
            carrier.start()
            self._stack.callback(carrier.join)
            self._stack.callback(self._ended.set)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _hosts(self) -> tuple[tuple[str, str], ...]:
        return (("user", self.USER), ("board", self.BOARD))

    def command(self, host: str, *command: str) -> list[str]:
        """The command line that runs another on a host."""
        return ["ip", "netns", "exec", _namespace(host), *command]

    def on_user(self, work: Callable[[], _Result]) -> _Result:
        """What `work` gives or raises on the host `user`: in a thread of its own, and in those it starts."""
        results: list[_Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                with Path(f"/run/netns/{_namespace('user')}").open("rb") as namespace:
                    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                results.append(work())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def _host(self, name: str, address: str) -> int:
        """Makes a host with its end of the link; returns the descriptor behind that."""
        host, device = _namespace(name), f"bad-{name}-{os.getpid() % 10_000}"
        _run("ip", "netns", "add", host)
        self._stack.callback(_run, "ip", "netns", "del", host)
        descriptor = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
        self._stack.callback(os.close, descriptor)
        request = struct.pack("16sH14x", device[:15].encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(descriptor, _TUNSETIFF, request)
        _run("ip", "link", "set", device[:15], "netns", host)
        for settings in (
            ("addr", "add", f"{address}/24", "dev", device[:15]),
            ("link", "set", device[:15], "up"),
            ("link", "set", "lo", "up"),
        ):
            _run("ip", "-n", host, *settings)
        return descriptor

    def _carry(self, devices: list[int]) -> None:
        """Carries packets from each end to the other, in their order."""
        others = dict(zip(devices, reversed(devices), strict=True))
        under_way: list[tuple[float, int, int, bytes]] = []
        count = 0
        while not self._ended.is_set():
            wait_s = max(0.0, under_way[0][0] - time.monotonic()) if under_way else _IDLE_S
            ready, _, _ = select.select(devices, [], [], min(wait_s, _IDLE_S))
            for device in ready:
                packet = os.read(device, _PACKET_BYTES)
                if self.is_cut or self._random.random() < self.loss:
                    self.lost += 1
                    continue
                count += 1
                heapq.heappush(under_way, (time.monotonic() + self.delay_s, count, others[device], packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, device, packet = heapq.heappop(under_way)
                if not self.is_cut:
                    os.write(device, packet)


def _namespace(host: str) -> str:
    return f"mcumatrix-{os.getpid()}-{host}"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
