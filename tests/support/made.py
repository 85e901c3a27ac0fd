"""How much of a project of the whole runs was made before."""

from enum import Enum, auto


class Made(Enum):
    """What a new project has in `build`, of what was made once for all tests."""

    NOTHING = auto()
    OBJECTS = auto()
    """What was compiled, as ccache keeps it: a build goes all its steps, and compiles what is new."""
    IMAGES = auto()
    """Libraries and images of `two` with both kernels, and the image that tests its board."""
