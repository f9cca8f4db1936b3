"""Findings of the doctor: one line for each part of the machine."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """State of a part."""

    GOOD = "✓"
    LIMITED = "!"
    """Something else than `make run` does not work."""
    BROKEN = "✗"
    """`make run` does not work."""


@dataclass(frozen=True)
class Finding:
    """Line of the doctor on one part of the machine."""

    mark: Mark
    what: str
    still_works: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        without = f"; still works: {self.still_works}" if self.still_works else ""
        remedy = f"; remedy: {self.remedy}" if self.remedy else ""
        return f"{self.mark} {self.what}{without}{remedy}"


def good(what: str) -> Finding:
    """Return a finding on a part that is as it should be."""
    return Finding(Mark.GOOD, what)


def limited(what: str, still_works: str, remedy: str) -> Finding:
    """Return a finding on a fault that does not stop `make run`."""
    return Finding(Mark.LIMITED, what, still_works, remedy)


def broken(what: str, still_works: str, remedy: str) -> Finding:
    """Return a finding on a fault that stops `make run`."""
    return Finding(Mark.BROKEN, what, still_works, remedy)
