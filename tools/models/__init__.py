"""What made the models and golden answers in `firmware/models`."""

from pathlib import Path

MODELS = Path(__file__).parents[2] / "firmware" / "models"
"""The folder that the tools read from and write to."""
