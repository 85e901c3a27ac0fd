"""`python -m vstm32`: a virtual board to use by hand."""

import sys

from vstm32.app.command_line import main

sys.exit(main())
