"""What the doctor says: one line for each thing that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a thing stands."""

    GOOD = "✓"
    LIMITED = "!"
    """Something does not work, and `make run` does."""
    BROKEN = "✗"
    """`make run` does not work."""


@dataclass(frozen=True)
class Finding:
    """One line."""

    mark: Mark
    what: str
    """How it stands."""
    still_works: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        without = f"; still works: {self.still_works}" if self.still_works else ""
        remedy = f"; remedy: {self.remedy}" if self.remedy else ""
        return f"{self.mark} {self.what}{without}{remedy}"


def good(what: str) -> Finding:
    """It is as it should be."""
    return Finding(Mark.GOOD, what)


def limited(what: str, still_works: str, remedy: str) -> Finding:
    """Something does not work, and `make run` does."""
    return Finding(Mark.LIMITED, what, still_works, remedy)


def broken(what: str, still_works: str, remedy: str) -> Finding:
    """`make run` does not work."""
    return Finding(Mark.BROKEN, what, still_works, remedy)
