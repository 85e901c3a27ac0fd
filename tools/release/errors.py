"""Why there is no release."""


class ReleaseError(Exception):
    """A release cannot be made. `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}\n  {self.hint}"
