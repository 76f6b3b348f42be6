"""Objects in notebooks: small tables, with everything escaped that came from data."""

from __future__ import annotations

import html
from typing import Any, Iterable, Sequence

_MOST_ROWS = 20


def shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def page(title: str, facts: Iterable[tuple[str, Any]], head: Sequence[str] = (), rows: Sequence[Sequence[Any]] = ()) -> str:
    """A title, facts by name, and a table of at most 20 rows."""
    out = [f"<div><strong>{html.escape(title)}</strong><table>"]
    out += [f"<tr><th>{html.escape(name)}</th><td>{html.escape(shown(value))}</td></tr>" for name, value in facts]
    out.append("</table>")
    if rows:
        cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        out.append(f"<table><thead><tr>{cells}</tr></thead><tbody>")
        for row in rows[:_MOST_ROWS]:
            out.append("<tr>" + "".join(f"<td>{html.escape(shown(value))}</td>" for value in row) + "</tr>")
        out.append("</tbody></table>")
        if len(rows) > _MOST_ROWS:
            out.append(f"<p>and {len(rows) - _MOST_ROWS} more</p>")
    return "".join(out) + "</div>"
