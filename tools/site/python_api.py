"""The public Python API, as autodoc is told of it."""

import inspect
from collections.abc import Iterator

import vstm32


def virtual_board_page() -> str:
    """What `vstm32` names as public: a directive of autodoc for each."""
    return "\n".join(("```{eval-rst}", *_directives(), "```"))


def _directives() -> Iterator[str]:
    for name in vstm32.__all__:
        thing = getattr(vstm32, name)
        kind = "autoclass" if inspect.isclass(thing) else "autofunction"
        yield f".. {kind}:: vstm32.{name}"
        if kind == "autoclass":
            yield "   :members:"
        yield ""
