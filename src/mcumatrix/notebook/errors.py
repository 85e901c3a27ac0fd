"""What keeps a notebook from being gone through."""

from mcumatrix.errors import ExitCode, McuMatrixError


class NotebookError(McuMatrixError):
    """Something that a notebook needs is not there."""

    exit_code = ExitCode.ENVIRONMENT
