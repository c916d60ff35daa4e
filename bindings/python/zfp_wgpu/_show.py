"""How results look in IPython and in notebooks."""

import html
from dataclasses import fields
from typing import Any

__all__ = ["Shown"]


def _text(value: Any) -> str:
    """A value as a person would write it: numbers to six digits, others as Python does."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


class Shown:
    """A dataclass that IPython shows a field to a line, and notebooks as a table."""

    def __init_subclass__(cls) -> None:
        # IPython prefers the `__repr__` of a class to what its bases know of IPython.
        cls._repr_pretty_ = Shown._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        with printer.group(0, f"{type(self).__name__}(", ")"):
            with printer.indent(4):
                for field in fields(self):  # type: ignore[arg-type]
                    value = getattr(self, field.name)
                    printer.break_()
                    printer.text(f"{field.name}=")
                    if isinstance(value, float):
                        printer.text(_text(value))
                    else:
                        printer.pretty(value)
                    printer.text(",")
            printer.break_()

    def _repr_html_(self) -> str:
        rows = []
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            shown = value._repr_html_() if isinstance(value, Shown) else html.escape(_text(value))
            rows.append(f"<tr><th>{field.name}</th><td>{shown}</td></tr>")
        return f"<table><caption>{type(self).__name__}</caption>{''.join(rows)}</table>"
