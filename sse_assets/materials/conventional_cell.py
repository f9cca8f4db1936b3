"""Conventional cells: those that crystallographers choose for a space group."""

from functools import cache

import numpy as np
import spglib
from pymatgen.core import Lattice, Structure

from sse_assets.materials.symmetry import SYMPREC, normalised_symbol, symmetry_dataset

_GENERAL_POSITIONS = np.array([[0.1379, 0.2841, 0.4327], [0.2113, 0.0719, 0.1637]])
"""Points that no operation but the identity maps onto themselves. Two, for the images of one point alone are
more symmetric than a polar group: in P4mm they lie in one plane."""


def sites_in_conventional_cell(structure: Structure) -> int | None:
    """Number of sites in the conventional cell of a crystal; None where spglib finds no symmetry."""
    dataset = symmetry_dataset(structure)
    return None if dataset is None else len(dataset.std_types)


def standard_lattice(lattice: Lattice, number: int, symbol: object) -> Lattice | None:
    """Return the conventional lattice, in standard setting, of a lattice given with its space group alone.

    Two kinds of atom in general positions, repeated by the group's operations in the setting that the symbol
    names, have the symmetry that the crystal has; spglib standardises them as it would the crystal.

    Args:
        lattice: of the cell that the table describes.
        number: of the space group, 1 to 230.
        symbol: Hermann-Mauguin, of the setting; if it names none of the group's settings, the first setting
            that the lattice allows is taken.

    Returns:
        None where no setting of the group fits the lattice.
    """
    text = normalised_symbol(symbol) if isinstance(symbol, str) else ""
    for hall_number in sorted(_settings(number), key=lambda hall: text not in _symbols(hall)):
        rotations, translations = _operations(hall_number)
        images = [rotations @ point + translations for point in _GENERAL_POSITIONS]
        kinds = np.repeat(np.arange(len(images)), len(rotations))
        crystal = (lattice.matrix.tolist(), (np.concatenate(images) % 1).tolist(), kinds.tolist())
        dataset = spglib.get_symmetry_dataset(crystal, symprec=SYMPREC)
        if dataset is not None and dataset.number == number:
            return Lattice(dataset.std_lattice)
    return None


@cache
def _settings(number: int) -> list[int]:
    """Hall numbers of a space group, the standard setting first."""
    return [hall_number for hall_number in range(1, 531) if _setting(hall_number).number == number]


@cache
def _setting(hall_number: int) -> spglib.SpaceGroupType:
    setting = spglib.get_spacegroup_type(hall_number)
    assert setting is not None  # every Hall number up to 530 has one
    return setting


@cache
def _operations(hall_number: int) -> tuple[np.ndarray, np.ndarray]:
    """Rotations, shape (n, 3, 3), and translations, shape (n, 3), of a setting."""
    operations = spglib.get_symmetry_from_database(hall_number)
    assert operations is not None  # every Hall number up to 530 has some
    return operations["rotations"], operations["translations"]


@cache
def _symbols(hall_number: int) -> frozenset[str]:
    """Ways to write the setting: in full, and without the axes that hold no operation."""
    full = _setting(hall_number).international_full
    short = "".join(part for part in full.split() if part != "1")
    return frozenset({normalised_symbol(full), normalised_symbol(short)})


@cache
def point_group_order(number: int) -> int:
    """Count the operations of the point group: as many as the group has distinct rotations."""
    return len(np.unique(_operations(_settings(number)[0])[0], axis=0))
