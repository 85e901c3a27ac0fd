"""What holds where nobody says otherwise, for code and for what is said of it."""

DEFAULT_MATRIX = "quickstart"

DEFAULT_ATTEMPTS = 3
"""How often a run is tried that infrastructure spoils."""

MAXIMUM_ATTEMPTS = 20
