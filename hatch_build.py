"""What pyproject.toml cannot say: the hooks of the virtual board are compiled into a wheel."""

import os
import platform
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledHooks(BuildHookInterface):  # type: ignore[misc]
    """An editable installation has none: `python -m vstm32.native` compiles them where they are.
    Nor has one for a system on which virtual boards do not run: no compiler is needed there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        # The library belongs to a platform, and to no version of Python.
        build_data["tag"] = f"py3-none-{_platform_tag()}"
        build_data["pure_python"] = False
        self._folder = tempfile.TemporaryDirectory()
        if platform.system() != "Linux":
            return
        source = Path(self.root) / "src"
        sys.path.insert(0, str(source))
        from vstm32.native.build import build
        from vstm32.native.sources import BUILT, layout_path

        library = build(Path(self._folder.name))
        place = BUILT.relative_to(source)
        for file in (library, layout_path(library)):
            build_data["force_include"][str(file)] = str(place / file.name)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        if version != "editable":
            self._folder.cleanup()


_MANYLINUX_MACHINES = ("x86_64", "aarch64")


def _platform_tag() -> str:
    """The wheel's platform. The library calls nothing outside of itself, so that with glibc it is one of all
    Linuxes that PEP 600 has names for: indexes take these names alone. `auditwheel` agrees in a test."""
    ours = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    machine = ours.removeprefix("linux_")
    if machine in _MANYLINUX_MACHINES and "glibc" in (os.confstr("CS_GNU_LIBC_VERSION") or ""):
        return f"manylinux_2_17_{machine}.manylinux2014_{machine}"
    return ours
