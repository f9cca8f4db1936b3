"""Limits of unit cells and solids, so that a slip of units or of Z is seen."""

import numpy as np

G_CM3_PER_DALTON_A3 = 1.66053907
"""Density in g/cm³ of one dalton in one Å³."""
ANGLES = ("alpha", "beta", "gamma")

_DENSEST_G_CM3 = 23.0
"""Osmium, the densest solid at ambient pressure, has 22.6 g/cm³."""
THINNEST_COMPOUND_G_CM3 = 0.4
"""Li metal has 0.53 g/cm³ and LiBH4 0.67; only frameworks with large pores have less."""
_THINNEST_G_CM3 = 0.05
_SMALLEST_A3 = 4.5
"""Volume per atom; diamond, the closest packed of all solids, has 5.7 Å³."""
_LARGEST_A3 = 150.0
"""Volume per atom; the largest atoms, of Cs metal, take 117 Å³."""
WIDEST_COMPOUND_A3 = 60.0
"""More than any compound without pores takes: CsI has 47.6 Å³ per atom."""
_NM_IN_A3 = 1e3
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
    measured = f"{density:.4g} g/cm³ and {volume_per_atom:.3g} Å³ per atom"
    if density > _DENSEST_G_CM3 or volume_per_atom < _SMALLEST_A3:
        nm = _plausible(density / _NM_IN_A3, volume_per_atom * _NM_IN_A3)
        hint = "are the lengths in nm? Write Å" if nm else "check the cell, Z and the symmetry"
        return f"{measured}, where osmium has 22.6 g/cm³ and diamond 5.7 Å³ per atom: {hint}"
    if density < _THINNEST_G_CM3 or volume_per_atom > _LARGEST_A3:
        bohr = _plausible(density / _BOHR_IN_A3, volume_per_atom * _BOHR_IN_A3)
        hint = "are the lengths in Bohr? Write Å" if bohr else "check the cell, Z and the symmetry"
        return f"{measured}, as thin as a gas: {hint}"
    return None


def _plausible(density: float, volume_per_atom: float) -> bool:
    return (
        THINNEST_COMPOUND_G_CM3 < density < _DENSEST_G_CM3
        and _SMALLEST_A3 < volume_per_atom < WIDEST_COMPOUND_A3
    )
