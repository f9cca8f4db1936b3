"""Shortest distances of two atoms that a sound crystal has."""

import numpy as np
from pymatgen.core import PeriodicSite, Structure

SHORTEST_A = 1.3
"""Shortest distance in Å of two atoms in a sound structure (paper, III.B), but for the bonds below."""
SHORT_BONDS_A = {
    ("O", "H"): 0.85,
    ("N", "H"): 0.85,
    ("C", "H"): 0.95,
    ("B", "H"): 1.05,
    ("C", "O"): 1.05,
    ("C", "N"): 1.05,
    ("C", "C"): 1.1,
    ("N", "N"): 1.0,
    ("N", "O"): 1.05,
}
"""Shortest distances in Å of these pairs: 0.1 Å, the room of a vibration, below their shortest bonds
(hydroxide 0.96, ammonia 1.01, methane 1.09, borohydride 1.2, cyanide and carbonyl 1.15, acetylide 1.2, azide
1.1, nitrite 1.15). The paper excepts O-H alone; its rule would refuse real carbonates (1.28 Å) and nitrates
(1.24 Å)."""
_BOTH_THERE = 1.01
"""Two sites whose occupancies sum to more are not the alternatives of one atom."""


def overlap(structure: Structure) -> str | None:
    """Return a sentence on two atoms that are closer than atoms come, and both there; None without any.

    On a site that several elements share, the one with the largest occupancy counts.
    """
    first, second, _, apart = structure.get_neighbor_list(SHORTEST_A, exclude_self=True)
    filled = np.array([site.species.num_atoms for site in structure])
    for place in np.flatnonzero(filled[first] + filled[second] > _BOTH_THERE):
        one, other = structure[int(first[place])], structure[int(second[place])]
        pair = (_main_symbol(one), _main_symbol(other))
        allowed = SHORT_BONDS_A.get(pair, SHORT_BONDS_A.get(pair[::-1], SHORTEST_A))
        if (distance := apart[place]) < allowed:
            return (
                f"{pair[0]} and {pair[1]} are {distance:.2f} Å apart and both there, {allowed:.2f} at least"
            )
    return None


def _main_symbol(site: PeriodicSite) -> str:
    return max(site.species.items(), key=lambda held: held[1])[0].symbol
