"""How tests run, wherever they are started."""

import os
import signal

from hypothesis import settings

from vstm32.native.build import build

# Without deadlines, for tests never measure time, and in CI with fixed examples.
settings.register_profile("explore", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# As `./dev test` does; the virtual boards of the tests cannot start without.
build()

settings.load_profile("ci" if os.environ.get("CI") else "explore")

# A shell that starts something in the background lets it ignore SIGINT, and all that it starts as well. Tests
# that interrupt processes need them to listen.
signal.signal(signal.SIGINT, signal.default_int_handler)
