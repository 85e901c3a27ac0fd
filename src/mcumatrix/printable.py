"""Text from elsewhere, made fit to be shown: what would act on a terminal is shown instead."""


def printable(text: str, keep: str = "") -> str:
    """The text with an escape, such as \\x1b, for each character that does not print.

    That covers control characters, with which a terminal can be told to do things, and characters that only
    change the direction or the look of others. Those in `keep` stay, such as line feeds.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else repr(letter)[1:-1] for letter in text
    )
