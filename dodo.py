"""The tasks of this project, for doit: `doit list matrix=NAME` lists those of matrix/NAME.yaml."""

from mcumatrix.dodo import DOIT_CONFIG, task_mcumatrix

__all__ = ["DOIT_CONFIG", "task_mcumatrix"]
