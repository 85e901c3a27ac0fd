"""What pyproject.toml cannot say: the hooks of the virtual board are compiled into a wheel."""

import sys
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent / "src"))

from vstm32.native.build import build
from vstm32.native.sources import BUILT

_PLACE = BUILT.relative_to(Path(__file__).parent / "src")


class BuildWithHooks(build_py):
    """An editable installation has none: `python -m vstm32.native` compiles them where they are."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            build(Path(self.build_lib) / _PLACE)


class PlatformWheel(bdist_wheel):
    """The library belongs to a platform, and to no version of Python."""

    def get_tag(self) -> tuple[str, str, Any]:
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    """Goes to where packages of a platform are."""

    def has_ext_modules(self) -> bool:
        return True


setup(distclass=PlatformDistribution, cmdclass={"build_py": BuildWithHooks, "bdist_wheel": PlatformWheel})
