"""The errors of the comparison."""

from mcumatrix.errors import ExitCode, McuMatrixError


class ConformanceError(McuMatrixError):
    """The comparison cannot be made: a tool is missing, or an implementation has stopped answering."""

    exit_code = ExitCode.ENVIRONMENT
