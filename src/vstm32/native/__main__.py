"""`python -m vstm32.native`: compiles the hooks of the virtual board, unless that has been done."""

import sys

from vstm32.base.errors import VirtualBoardError
from vstm32.native.build import build

try:
    print(build())
except VirtualBoardError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
