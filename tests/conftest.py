"""How tests run, wherever they are started."""

import os
import signal

from hypothesis import settings

# Without deadlines, for tests never measure time, and in CI with fixed examples.
settings.register_profile("explore", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "explore")

# A shell that starts something in the background lets it ignore SIGINT, and all that it starts as well. Tests
# that interrupt processes need them to listen.
signal.signal(signal.SIGINT, signal.default_int_handler)
