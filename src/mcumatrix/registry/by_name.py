"""An adapter by its name: one of our own, or one that another package brings."""

from collections.abc import Callable, Mapping
from typing import Any

from mcumatrix import plugins
from mcumatrix.errors import MatrixError
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.plugins import Kind


def make_adapter(
    kind: Kind,
    own: Mapping[str, Callable[..., Any]],
    name: str,
    of: str,
    port: type,
    *arguments: Any,
    **options: Any,
) -> Any:
    """An adapter by its name: one of our `own`, or one that another package brings, made by the same call.

    Raises:
        MatrixError: there is none; the message begins with `of`.
        ToolError: another package's does not work.
    """
    plugin = plugins.find(kind, name, own)
    if plugin is not None:
        return plugin.make(port, *arguments, **options)
    if name not in own:
        raise MatrixError(
            f"{of} names the {kind} adapter {shown(name)}, and there is none",
            hint=did_you_mean(name, [*own, *plugins.names(kind)]),
        )
    return own[name](*arguments, **options)
