"""A web server on this machine that misbehaves as it is told, one answer after the other."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "data" / "loopback.pem"

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """What a server has: answers by path, given in order, the last one again and again."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range of each request."""

    def put(self, path: str, *answers: Answer) -> str:
        """Sets the answers of a path; returns its URL."""
        self.answers[path] = list(answers)
        return f"{self.url}{path}"


@contextlib.contextmanager
def serving(*, tls: bool = False) -> Iterator[Site]:
    """A server on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers.get("Range", "")))
            answers = site.answers.get(self.path, [status(404)])
            self.close_connection = True
            with contextlib.suppress(ConnectionError):  # the client may leave when it knows enough
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.daemon_threads = True
        site = Site(f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def data(
    contents: bytes,
    *,
    etag: str = '"1"',
    ranges: bool = True,
    cut_at: int | None = None,
    length: int | None = None,
    kind: str = "application/gzip",
    then: Callable[[], object] = lambda: None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """The contents, or the part that was asked for.

    `cut_at` ends the connection before that byte, after `then` was called; `length` is a lie about the
    length.
    """

    def answer(handler: BaseHTTPRequestHandler) -> None:
        first = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        partial = first > 0 and ranges and handler.headers.get("If-Range") == etag
        first = first if partial else 0
        handler.send_response(206 if partial else 200)
        handler.send_header("Content-Type", kind)
        if etag:
            handler.send_header("ETag", etag)
        if partial:
            handler.send_header("Content-Range", f"bytes {first}-{len(contents) - 1}/{len(contents)}")
        handler.send_header("Content-Length", str(len(contents) - first if length is None else length))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(contents[first:cut_at])
        handler.wfile.flush()
        then()

    return answer


def part(contents: bytes, content_range: str) -> Answer:
    """A part of a file, whatever was asked for."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", content_range)
        handler.send_header("Content-Length", str(len(contents)))
        handler.end_headers()
        handler.wfile.write(contents)

    return answer


def unmeasured(chunks: Iterator[bytes]) -> Answer:
    """Contents of no declared length; the end of the connection is their end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for chunk in chunks:
            handler.wfile.write(chunk)

    return answer


def redirect(location: str) -> Answer:
    """Sends the client elsewhere."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def status(code: int) -> Answer:
    """An error."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hang_up(_handler: BaseHTTPRequestHandler) -> None:
    """No answer at all."""
