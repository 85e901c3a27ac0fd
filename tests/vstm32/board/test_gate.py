"""The CPU thread and debuggers take turns."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vstm32.board.gate import Gate

PATIENCE_S = 60.0


class Cpu:
    """A thread that asks for slices and counts them; `may_run` can be switched."""

    def __init__(self) -> None:
        self.may_run = True
        self.slices = 0
        self.inside = False
        self.hurried = threading.Event()
        self.gate = Gate(lambda: self.may_run, self.hurried.set)
        self.during: Callable[[], None] = lambda: None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while self.gate.begin_slice():
            self.inside = True
            self.during()
            self.slices += 1
            self.inside = False
            self.gate.end_slice()

    @contextmanager
    def running(self) -> Iterator[None]:
        self.gate.open()
        self.thread.start()
        try:
            yield
        finally:
            self.gate.end()
            self.thread.join(PATIENCE_S)
            assert not self.thread.is_alive()


def test_the_core_stands_still_while_a_debugger_is_in() -> None:
    cpu = Cpu()
    with cpu.running():
        for _ in range(200):
            with cpu.gate.debugger():
                assert not cpu.inside
                before = cpu.slices
                assert (cpu.inside, cpu.slices) == (False, before)


def test_a_core_has_a_slice_between_two_debuggers() -> None:
    cpu = Cpu()
    with cpu.running():
        with cpu.gate.debugger():
            last = cpu.slices
        for _ in range(100):
            with cpu.gate.debugger():
                assert cpu.slices > last
                last = cpu.slices


def test_a_core_that_may_not_run_keeps_no_debugger_waiting() -> None:
    cpu = Cpu()
    cpu.may_run = False
    with cpu.running():
        for _ in range(100):
            with cpu.gate.debugger():
                pass
        assert cpu.slices == 0


def test_a_core_that_is_let_go_by_a_debugger_runs() -> None:
    cpu = Cpu()
    cpu.may_run = False
    ran = threading.Event()
    cpu.during = ran.set
    with cpu.running():
        with cpu.gate.debugger():
            cpu.may_run = True
        assert ran.wait(PATIENCE_S)


def test_a_debugger_may_come_in_again_in_the_same_thread() -> None:
    cpu = Cpu()
    with cpu.running(), cpu.gate.debugger():
        before = cpu.slices
        with cpu.gate.debugger():
            pass
        assert cpu.slices == before


def test_without_a_cpu_thread_debuggers_get_in() -> None:
    cpu = Cpu()
    entered = 0
    for _ in range(2):
        with cpu.gate.debugger():
            entered += 1
            assert not cpu.gate.is_wanted
    assert (entered, cpu.slices, cpu.hurried.is_set()) == (2, 0, False)


def test_one_debugger_is_in_at_a_time() -> None:
    cpu = Cpu()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with cpu.gate.debugger():
                inside += 1
                most = max(most, inside)
                inside -= 1

    with cpu.running():
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
    assert most == 1


def test_a_debugger_that_waits_hurries_the_slice() -> None:
    cpu = Cpu()
    in_slice = threading.Event()

    def long_slice() -> None:
        in_slice.set()
        assert cpu.hurried.wait(PATIENCE_S)

    cpu.during = long_slice
    with cpu.running():
        assert in_slice.wait(PATIENCE_S)
        with cpu.gate.debugger():
            assert cpu.hurried.is_set()


def test_an_error_inside_of_a_debugger_lets_the_core_go_on() -> None:
    cpu = Cpu()
    with cpu.running():
        try:
            with cpu.gate.debugger():
                raise ValueError
        except ValueError:
            pass
        with cpu.gate.debugger():
            pass
