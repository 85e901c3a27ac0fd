"""Words for people."""


def counted(count: int, noun: str) -> str:
    """So many of something: `1 register`, `2 registers`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
