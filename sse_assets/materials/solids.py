"""Limits of unit cells and solids, so that a slip of units or of Z is seen."""

import math

import numpy as np
from pymatgen.core import Composition

G_CM3_PER_DALTON_A3 = 1.66053907
"""Density in g/cm³ of one dalton in one Å³."""
ANGLES = ("alpha", "beta", "gamma")
LARGEST_CELL = 149
"""Largest number of atoms in a cell that is made here; the paper takes fewer than 150 (II.B)."""

_DENSEST_G_CM3 = 23.0
"""Osmium, the densest solid at ambient pressure, has 22.6 g/cm³."""
_THINNEST_COMPOUND_G_CM3 = 0.4
"""Li metal has 0.53 g/cm³ and LiBH4 0.67; only frameworks with large pores have less."""
_THINNEST_G_CM3 = 0.05
_SMALLEST_A3 = 4.5
"""Volume per atom; diamond, the closest packed of all solids, has 5.7 Å³."""
_LARGEST_A3 = 150.0
"""Volume per atom; the largest atoms, of Cs metal, take 117 Å³."""
WIDEST_COMPOUND_A3 = 60.0
"""More than any compound without pores takes: CsI has 47.6 Å³ per atom."""
_NARROWEST_COMPOUND_A3 = 6.5
"""Less than any Li compound takes: BeO has 6.9 Å³ per atom, Li2O 8.1."""
_NM_IN_A3 = 1e3
_PM_IN_A3 = 1e-6
_BOHR_IN_A3 = 0.529177**3


def impossible_cell(a: float, b: float, c: float, alpha: float, beta: float, gamma: float) -> str | None:
    """Return why no cell has these lengths (Å) and angles (degrees), as a clause; None if one can."""
    for name, length in zip("abc", (a, b, c), strict=True):
        if not 0 < length < 1e4:
            return f"{name} is {length:g}: a length is a positive number of Å"
    for name, angle in zip(ANGLES, (alpha, beta, gamma), strict=True):
        if not 0 < angle < 180:
            return f"{name} is {angle:g}: an angle lies between 0° and 180°"
    if max(alpha, beta, gamma) < 3.2:
        return f"its angles are {alpha:g}, {beta:g} and {gamma:g}: are they in radians? Write degrees"
    cosines = np.cos(np.radians([alpha, beta, gamma]))
    if 1 + 2 * cosines.prod() - (cosines**2).sum() <= 1e-6:
        return (
            f"no cell has the angles {alpha:g}, {beta:g} and {gamma:g}: each is less than the sum of the "
            "others, and all three sum to less than 360°"
        )
    return None


def impossible_solid(density: float, volume_per_atom: float) -> str | None:
    """Return why no solid has this density (g/cm³) and volume per atom (Å³), as the end of a sentence.

    None if one may have them.
    """
    return _too_dense(density, volume_per_atom) or _too_thin(density, volume_per_atom)


def doubtful_solid(density: float, volume_per_atom: float) -> str | None:
    """Return what to ask where only a rare solid has this density (g/cm³) and volume per atom (Å³)."""
    measured = _measured(density, volume_per_atom)
    if density < _THINNEST_COMPOUND_G_CM3 or volume_per_atom > WIDEST_COMPOUND_A3:
        bohr = _plausible(density / _BOHR_IN_A3, volume_per_atom * _BOHR_IN_A3)
        hint = "or the lengths in Bohr" if bohr else "or Z or the lengths wrong"
        return f"{measured}, which only a solid with large pores has: are atoms missing, {hint}?"
    if volume_per_atom < _NARROWEST_COMPOUND_A3:
        return f"{measured}, and few solids are that dense: are Z and the lengths right?"
    return None


def impossible_content(composition: Composition, z: float, volume: float) -> str | None:
    """Return why no solid has `z` units of a formula in a cell of this volume (Å³), as in `impossible_solid`.

    Where Z is not known (NaN) there is at least one.
    """
    if math.isnan(z):
        return _too_dense(*_packing(composition, 1.0, volume))
    return impossible_solid(*_packing(composition, z, volume))


def doubtful_content(composition: Composition, z: float, volume: float) -> str | None:
    """Return what to ask of a cell, as in `doubtful_solid`; nothing where Z is not known (NaN)."""
    return None if math.isnan(z) else doubtful_solid(*_packing(composition, z, volume))


def _packing(composition: Composition, z: float, volume: float) -> tuple[float, float]:
    """Return density (g/cm³) and volume per atom (Å³)."""
    weight, atoms = float(composition.weight) * z, composition.num_atoms * z
    return G_CM3_PER_DALTON_A3 * weight / volume, volume / atoms


def _too_dense(density: float, volume_per_atom: float) -> str | None:
    if density <= _DENSEST_G_CM3 and volume_per_atom >= _SMALLEST_A3:
        return None
    nm = _plausible(density / _NM_IN_A3, volume_per_atom * _NM_IN_A3)
    hint = "are the lengths in nm? Write Å" if nm else "check the cell, Z and the symmetry"
    return (
        f"{_measured(density, volume_per_atom)}, where osmium has 22.6 g/cm³ and diamond 5.7 Å³ per atom: "
        f"{hint}"
    )


def _too_thin(density: float, volume_per_atom: float) -> str | None:
    if density >= _THINNEST_G_CM3 and volume_per_atom <= _LARGEST_A3:
        return None
    hints = {_BOHR_IN_A3: "are the lengths in Bohr? Write Å", _PM_IN_A3: "are the lengths in pm? Write Å"}
    fitting = (hint for unit, hint in hints.items() if _plausible(density / unit, volume_per_atom * unit))
    hint = next(fitting, "check the cell, Z and the symmetry")
    return f"{_measured(density, volume_per_atom)}, as thin as a gas: {hint}"


def _measured(density: float, volume_per_atom: float) -> str:
    return f"{density:.4g} g/cm³ and {volume_per_atom:.3g} Å³ per atom"


def _plausible(density: float, volume_per_atom: float) -> bool:
    return (
        _THINNEST_COMPOUND_G_CM3 < density < _DENSEST_G_CM3
        and _SMALLEST_A3 < volume_per_atom < WIDEST_COMPOUND_A3
    )
