"""Real processes that are killed, or that want the same archive at once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from mcumatrix.sources.cache import Cache
from mcumatrix.sources.fetch import fetch
from sources.loopback import Site, data
from sources.packing import CONTENTS, pin_of

HALF = len(CONTENTS) // 2
SCRIPT = """
import json, sys
from pathlib import Path
from mcumatrix.sources.cache import Cache
from mcumatrix.sources.fetch import fetch
from mcumatrix.sources.pin import read_pin
from mcumatrix.sources.progress import Quiet

class Printed(Quiet):
    def advance(self, done_bytes):
        print(done_bytes, flush=True)
    def note(self, message):
        print(message, flush=True)

root, *pin = json.loads(sys.argv[1])
print(fetch(read_pin(*pin), Cache(Path(root)), progress=Printed()).name, flush=True)
"""


def _started(cache: Cache, url: str) -> subprocess.Popen[str]:
    pin = pin_of(CONTENTS)
    arguments = json.dumps([str(cache.root), pin.name, [url], pin.checksum])
    return subprocess.Popen([sys.executable, "-c", SCRIPT, arguments], stdout=subprocess.PIPE, text=True)


def _read_until(process: subprocess.Popen[str], least_bytes: int) -> None:
    assert process.stdout is not None
    while int(process.stdout.readline()) < least_bytes:
        pass


def test_a_process_killed_in_mid_download_loses_nothing_and_names_nothing(site: Site, cache: Cache) -> None:
    over = threading.Event()
    url = site.put("/a", data(CONTENTS, cut_at=HALF, then=over.wait), data(CONTENTS))
    with _started(cache, url) as process:
        _read_until(process, HALF // 2)
        process.kill()
    over.set()
    pin = pin_of(CONTENTS, url)
    assert not cache.archive(pin).exists()
    assert fetch(pin, cache).read_bytes() == CONTENTS
    assert int(site.asked[1][1].removeprefix("bytes=").removesuffix("-")) >= HALF // 2


def test_a_process_that_is_interrupted_leaves_what_can_be_resumed(site: Site, cache: Cache) -> None:
    over = threading.Event()
    url = site.put("/a", data(CONTENTS, cut_at=HALF, then=over.wait), data(CONTENTS))
    with _started(cache, url) as process:
        _read_until(process, HALF // 2)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait() != 0
    over.set()
    pin = pin_of(CONTENTS, url)
    assert not cache.archive(pin).exists()
    assert fetch(pin, cache).read_bytes() == CONTENTS
    assert site.asked[1][1]


def test_of_two_processes_one_fetches_and_the_other_says_that_it_waits(site: Site, cache: Cache) -> None:
    waits = threading.Event()

    def rest_when_the_other_waits() -> None:
        assert waits.wait(60)

    url = site.put("/a", data(CONTENTS, cut_at=HALF, then=rest_when_the_other_waits), data(CONTENTS))
    with _started(cache, url) as first:
        _read_until(first, HALF // 2)
        with _started(cache, url) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == (
                "Waiting for another process that works on thing-1.0.tar.gz.\n"
            )
            waits.set()
            assert first.communicate()[0].endswith("\nthing-1.0.tar.gz\n")
            # It got no byte of its own from the network.
            assert second.communicate()[0] == "thing-1.0.tar.gz\n"
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(site.asked) == 2
    assert cache.archive(pin_of(CONTENTS)).read_bytes() == CONTENTS


def test_the_lock_of_a_killed_process_is_free(site: Site, cache: Cache) -> None:
    over = threading.Event()
    url = site.put("/a", data(CONTENTS, cut_at=0, then=over.wait), data(CONTENTS))
    with _started(cache, url) as process:
        while not site.asked:
            time.sleep(0.01)
        process.kill()
    over.set()
    notes: list[str] = []

    class Notes:
        def begin(self, activity: str, name: str, total_bytes: int | None) -> None: ...
        def advance(self, done_bytes: int) -> None: ...
        def note(self, message: str) -> None:
            notes.append(message)

    assert fetch(pin_of(CONTENTS, url), cache, progress=Notes()).read_bytes() == CONTENTS
    assert notes == []


def test_an_archive_never_has_its_name_before_it_is_whole(site: Site, cache: Cache) -> None:
    pin = pin_of(CONTENTS, site.put("/a", data(CONTENTS)))
    path, seen, done = cache.archive(pin), set(), threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.add(_size(path))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(5):
        fetch(pin, cache)
        path.unlink()
    done.set()
    watcher.join()
    assert seen <= {0, len(CONTENTS)}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
