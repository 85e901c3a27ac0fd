"""How this machine gets to Debian's mirrors."""

import os
import shutil
import subprocess


def proxies_of_machine() -> dict[str, str]:
    """The proxies of this machine as variables: those of the environment, or else those of apt.

    Docker takes them for a build without keeping them in the image.
    """
    names = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    found = {name: os.environ[name] for name in names if os.environ.get(name)}
    if found:
        return found
    for scheme in ("http", "https"):
        proxy = _ask_apt(f"Acquire::{scheme}::Proxy")
        if proxy and proxy != "DIRECT":
            found[f"{scheme}_proxy"] = proxy
    return found


def apt_options() -> list[str]:
    """Settings of this machine's apt that its mirrors may need, as apt.conf(5) has them."""
    found = []
    for name in ("Acquire::Check-Valid-Until", "Acquire::Check-Date"):
        value = _ask_apt(name)
        if value:
            found.append(f'{name} "{value}";')
    return found


def _ask_apt(name: str) -> str:
    if shutil.which("apt-config") is None:
        return ""
    asked = subprocess.run(
        ["apt-config", "dump", "--format", "%v%n", name], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
