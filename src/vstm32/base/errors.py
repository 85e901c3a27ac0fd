"""What goes wrong and is no bug: what a firmware or a user asks for and a virtual board cannot do."""


class VirtualBoardError(Exception):
    """The virtual board cannot do what its firmware or its user asks.

    `message` says what happened, `hint` what to do next; both are plain sentences.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message
