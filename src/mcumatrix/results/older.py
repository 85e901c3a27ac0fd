"""Records of older schema versions, turned into those of today, so that reports can still be made of them."""

from typing import Any

from mcumatrix.model.record import RECORD_SCHEMA

_RATES_OF_2 = {"PCLK1": "pclk1_hz", "PCLK2": "pclk2_hz"}
_REGISTERS_OF_2 = {"RCC_PLLCFGR": "rcc_pllcfgr", "RCC_CFGR": "rcc_cfgr", "FLASH_ACR": "flash_acr"}
"""Version 2 had the clocks of one family as fields; these are the names that its firmware sends now."""


def from_schema_2(kept: dict[str, Any]) -> dict[str, Any]:
    """A record of version 2, as it was read from JSON, as one of today.

    Raises:
        KeyError: a field of version 2 is missing.
        TypeError: something is not of the kind that version 2 had there.
    """
    record = {**kept, "schema": RECORD_SCHEMA}
    if kept["measurement"] is None:
        return record
    clock = {**kept["measurement"]["clock"]}
    clock["rates_hz"] = {name: clock.pop(field) for name, field in _RATES_OF_2.items()}
    clock["registers"] = {name: clock.pop(field) for name, field in _REGISTERS_OF_2.items()}
    record["measurement"] = {**kept["measurement"], "clock": clock}
    return record
