"""Keyword options as option text."""

from __future__ import annotations

from typing import Any

import numpy as np


def option_text(values: dict[str, Any]) -> bytes:
    """key=value text, quoted where it must be; None leaves an option at its default."""

    def item(value: Any) -> str:
        if isinstance(value, (bool, np.bool_)):
            return "true" if value else "false"
        plain = str(value)
        if plain and not any(c.isspace() or c in ',"=\\' for c in plain):
            return plain
        return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def whole(value: Any) -> str:
        return ",".join(map(item, value)) if isinstance(value, (list, tuple, np.ndarray)) else item(value)

    return " ".join(f"{key}={whole(value)}" for key, value in values.items() if value is not None).encode()
