"""The library with the hooks, loaded. Importing this raises VirtualBoardError where it has not been built."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from vstm32.base.errors import VirtualBoardError
from vstm32.native.sources import layout_path, library_path


def load(path: Path) -> tuple[Any, Any]:
    """cffi's access to a library: types by `ffi`, functions and constants by `lib`.

    Raises:
        VirtualBoardError: it is not there, or cannot be loaded.
    """
    layout = layout_path(path)
    if not path.exists() or not layout.exists():
        raise VirtualBoardError(
            f"The hooks of the virtual board have not been compiled: {path} is missing.",
            hint="Run `python -m vstm32.native`; it needs a C compiler.",
        )
    loader = SourceFileLoader("vstm32_hooks_layout", str(layout))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    try:
        return module.ffi, module.ffi.dlopen(str(path.absolute()))
    except OSError as error:
        raise VirtualBoardError(
            f"The hooks of the virtual board cannot be loaded: {error}.",
            hint=f"Remove {path}, then run `python -m vstm32.native`.",
        ) from error


ffi, lib = load(library_path())
