"""Shortest distances of two atoms that a sound crystal has."""

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
