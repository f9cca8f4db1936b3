"""Text that came from elsewhere, as it may stand in a table: a spreadsheet that opens it executes nothing."""

import math
import re

import pandas as pd

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Also those that break lines, or turn the reading direction so that a text looks like another one."""
_COMMANDS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What begins with one of these is a formula to a spreadsheet, the wide ones in East Asian versions."""


def has_control_characters(text: str) -> bool:
    """Whether there is a line break in a text, or something else that is there and not seen."""
    return bool(_CONTROL.search(text))


def is_command(text: str) -> bool:
    """Whether a spreadsheet would take a text for a command; a number is none."""
    return text.startswith(_COMMANDS) and not is_number(text)


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def harmless(text: str) -> str:
    """One line that is no command: an apostrophe before it makes it a text to every spreadsheet."""
    line = _CONTROL.sub(" ", text.encode("utf-8", "replace").decode()).strip()
    return f"'{line}" if is_command(line) else line


def fault(error: Exception) -> str:
    """Return the kind of an exception and the first line of its message, as a clause."""
    return f"{type(error).__name__}: {harmless(str(error).strip().partition(chr(10))[0])}".removesuffix(": ")


def harmless_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with every text in it harmless, to be written as CSV."""
    return frame.map(lambda value: harmless(value) if isinstance(value, str) else value)
