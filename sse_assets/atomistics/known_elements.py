"""The elements that CHGNet was trained on; this module imports no torch, which takes more than a second."""

from collections.abc import Iterable

from ase.data import chemical_symbols

_KNOWN_ELEMENTS = frozenset(range(1, 95)) - {84, 85, 86, 87, 88}
"""Atomic numbers of the 89 elements in CHGNet's training set (MPtrj): up to Pu, but no Po, At, Rn, Fr, Ra."""


def unknown_elements(symbols: Iterable[str]) -> list[str]:
    """Return the elements that CHGNet has never seen, each once, in alphabetical order."""
    return sorted({symbol for symbol in symbols if chemical_symbols.index(symbol) not in _KNOWN_ELEMENTS})
