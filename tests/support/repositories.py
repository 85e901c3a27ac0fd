"""Repositories of git, made on the spot."""

import subprocess
from pathlib import Path

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    """Runs git in a folder as somebody, and gives what it says."""
    command = ["git", *WHO, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit_all(folder: Path, *what: str, message: str = "Add results") -> None:
    """Commits these files and folders as they are, in a repository of the folder's own if it has none yet."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all", *what)
    git(folder, "commit", "--quiet", "-m", message)
