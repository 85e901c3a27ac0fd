"""A board with an inference server, over its second port."""

import secrets
import time
import zlib
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from mcumatrix.adapters.consoles.serial_port import SerialPort
from mcumatrix.client.description import Description
from mcumatrix.client.errors import DamagedAnswerError, NoAnswerError, Problem, UnfitInputError
from mcumatrix.client.inference import Inference, Layer
from mcumatrix.client.messages import (
    LONGEST_ANSWER_BYTES,
    PREFIX_BYTES,
    PROTOCOL_VERSION,
    Answer,
    Refusal,
    Request,
    Times,
    answer_of,
    describe,
    infer,
    list_layers,
    read,
    refused,
    size_of,
    write,
)

BAUD = 115_200
_PAUSE_S = 0.2
"""After so long without a byte, a board takes what comes next for a new message; it waits 50 ms itself."""
_ATTEMPTS = 3
_WORTH_ANOTHER_ATTEMPT = (Problem.DAMAGED, Problem.NO_INPUT, Problem.NO_OUTPUT)
"""What a board refuses of an inference because of what happened to it, not because of what was asked."""

_Kind = TypeVar("_Kind")


class Board:
    """A board that answers: a script asks it for inferences, within `with` or until `close`.

    Not to be used by two threads at once, and not by two programs.
    """

    def __init__(
        self, port: str, *, baud: int = BAUD, timeout_s: float = 10.0, inference_timeout_s: float = 120.0
    ) -> None:
        """Opens a serial port, by its device or by a URL of pyserial such as `rfc2217://host:4000`, and asks
        the board who it is.

        `timeout_s` is how long it may say nothing, and `inference_timeout_s` how long within an inference.

        Raises:
            ConsoleError: the port cannot be opened, or is gone.
            NoAnswerError: nobody answers there.
            DamagedAnswerError: somebody else does, or a firmware of another version.
            RefusedError: the model cannot be run.
        """
        self._port = port
        self._timeout_s = timeout_s
        self._inference_timeout_s = inference_timeout_s
        with ExitStack() as stack:
            self._line = stack.enter_context(SerialPort(port, baud))
            self._wait_out()
            self._description = self._described()
            self._open = stack.pop_all()

    @property
    def description(self) -> Description:
        """What the board has said of itself."""
        return self._description

    def infer(self, *inputs: Any) -> Inference:
        """One inference: an array for each input tensor of the model.

        An array is reshaped where it has as many elements; real numbers are quantised where the model takes
        integers that stand for such. What a model keeps of earlier inferences it forgets before.

        Raises:
            UnfitInputError: the arrays do not fit the model.
            RefusedError: the board does not do it, in three attempts where a benchmark has come in between or
                the request was damaged on its way.
            NoAnswerError, DamagedAnswerError: the answer did not come, or not whole, in three attempts.
            ConsoleError: the port is gone.
        """
        wanted = self._description.inputs
        if len(inputs) != len(wanted):
            raise UnfitInputError(
                f"{self._description.model} has {len(wanted)} inputs, and {len(inputs)} were given.",
                hint="Give an array for each of them, in their order.",
            )
        name = "The array" if len(inputs) == 1 else "The array {}"
        data = b"".join(
            tensor.elements(array, name.format(index)).tobytes()
            for index, (tensor, array) in enumerate(zip(wanted, inputs, strict=True))
        )
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                found = self._infer(data)
            except (NoAnswerError, DamagedAnswerError):
                if attempt == _ATTEMPTS:
                    raise
                self._wait_out()
                continue
            if not isinstance(found, Refusal):
                return found
            if found.problem not in _WORTH_ANOTHER_ATTEMPT or attempt == _ATTEMPTS:
                raise refused(found)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Gives the port back."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- What is asked ----

    def _described(self) -> Description:
        found = self._answered(describe(), Description)
        if found.protocol != PROTOCOL_VERSION:
            raise DamagedAnswerError(
                f"The firmware has version {found.protocol} of the protocol, and this is {PROTOCOL_VERSION}.",
                hint="Build the image again with this mcumatrix, or install that of the image.",
            )
        names: tuple[str, ...] = ()
        while len(names) < len(found.layers):
            more = self._answered(list_layers(len(names)), tuple)
            if not more:
                raise DamagedAnswerError(
                    f"The board has {len(found.layers)} layers and names {len(names)}.",
                    hint="Build the image again.",
                )
            names += more
        return replace(found, layers=names[: len(found.layers)])

    def _infer(self, data: bytes) -> "Inference | Refusal":
        """Raises as `_ask`."""
        step = self._description.chunk_bytes
        for offset in range(0, len(data), step) or (0,):
            answer = self._ask(write(offset, data[offset : offset + step]))
            if isinstance(answer, Refusal):
                return answer
        times = self._ask(infer(zlib.crc32(data)), self._inference_timeout_s, attempts=1)
        if isinstance(times, Refusal):
            return times
        if not isinstance(times, Times):
            raise self._unexpected("an inference")
        output = self._output()
        if isinstance(output, Refusal):
            return output
        if zlib.crc32(output) != times.output_crc32:
            return Refusal(Problem.NO_OUTPUT, "the output was changed while it was read")
        return self._inference(times, output)

    def _output(self) -> bytes | Refusal:
        wanted_bytes = sum(tensor.size_bytes for tensor in self._description.outputs)
        output = b""
        while len(output) < wanted_bytes:
            more = self._ask(read(len(output)))
            if isinstance(more, Refusal):
                return more
            if not isinstance(more, bytes) or not more:
                raise self._unexpected("an output")
            output += more
        return output

    def _inference(self, times: Times, output: bytes) -> Inference:
        found = []
        for tensor in self._description.outputs:
            found.append(tensor.array(output[: tensor.size_bytes]))
            output = output[tensor.size_bytes :]
        reals = (tensor.real(array) for tensor, array in zip(self._description.outputs, found, strict=True))
        operators = self._description.layers if times.layers else ()
        if len(operators) != len(times.layers):
            raise self._unexpected("the times of layers")
        return Inference(
            outputs=tuple(found),
            reals=tuple(reals),
            cycles=times.cycles,
            layers=tuple(
                Layer(operator, cycles) for operator, cycles in zip(operators, times.layers, strict=True)
            ),
            clock_hz=self._description.clock_hz,
        )

    # ---- How it is asked ----

    def _answered(self, request: Request, kind: type[_Kind]) -> _Kind:
        """As `_ask`; raises RefusedError too."""
        answer = self._ask(request)
        if isinstance(answer, Refusal):
            raise refused(answer)
        if not isinstance(answer, kind):
            raise self._unexpected(request.name)
        return answer

    def _ask(self, request: Request, timeout_s: float = 0.0, attempts: int = _ATTEMPTS) -> Answer:
        """The answer to a request that may be sent again where it does not come.

        Raises:
            NoAnswerError, DamagedAnswerError: it did not come, or not whole, in so many attempts.
            ConsoleError: the port is gone.
        """
        for attempt in range(1, attempts + 1):
            nonce = secrets.randbelow(2**32 - 1) + 1
            self._line.write(request.message(nonce))
            try:
                answer = self._answer_with(nonce, request, timeout_s or self._timeout_s)
            except (NoAnswerError, DamagedAnswerError):
                if attempt == attempts:
                    raise
                answer = Refusal(Problem.DAMAGED, "")
            if not (isinstance(answer, Refusal) and answer.problem is Problem.DAMAGED) or attempt == attempts:
                return answer
            self._wait_out()
        raise AssertionError("the last attempt returns or raises")

    def _answer_with(self, nonce: int, request: Request, timeout_s: float) -> Answer:
        """The next answer that is one to this request; those to earlier ones are passed over."""
        deadline = time.monotonic() + timeout_s
        while True:
            prefix = self._read(PREFIX_BYTES, request, deadline)
            said, answer = answer_of(prefix + self._read(size_of(prefix), request, deadline))
            if said == nonce or (isinstance(answer, Refusal) and said == 0):
                return answer

    def _read(self, size_bytes: int, request: Request, deadline: float) -> bytes:
        data = b""
        while len(data) < size_bytes:
            left_s = deadline - time.monotonic()
            more = self._line.read_up_to(size_bytes - len(data), left_s) if left_s > 0 else b""
            if not more:
                raise NoAnswerError(
                    f"{self._port} does not answer when it is asked for {request.name}.",
                    hint="Check the cable, and that the image was built with `applications: "
                    "[bench, inference-server]`: it answers on the board's second port.",
                )
            data += more
        return data

    def _wait_out(self) -> None:
        """Until the board and we have nothing of an earlier message any more.

        Raises:
            DamagedAnswerError: that does not end within the time for an answer.
        """
        deadline = time.monotonic() + self._timeout_s
        while self._line.read_up_to(LONGEST_ANSWER_BYTES, _PAUSE_S):
            if time.monotonic() > deadline:
                raise DamagedAnswerError(
                    f"{self._port} does not stop sending, and nothing was asked.",
                    hint="It is not the board's second port: that says nothing until it is asked.",
                )

    def _unexpected(self, what: str) -> DamagedAnswerError:
        return DamagedAnswerError(
            f"{self._port} gives another answer when it is asked for {what}.",
            hint="Client and firmware are of different versions; build the image again.",
        )
