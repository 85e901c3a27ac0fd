"""Lets tests import the scripts that made the models."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "firmware" / "models"))
