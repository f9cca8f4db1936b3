"""Small crystals to calculate with."""

import numpy as np
from ase import Atoms
from ase.build import bulk


def lithium_fluoride(a: float = 4.1, rattle: float = 0.0, seed: int = 0) -> Atoms:
    """Return the primitive cell of rock salt, two atoms."""
    atoms = bulk("LiF", "rocksalt", a=a)
    atoms.rattle(rattle, seed=seed)
    return atoms


def overlapping(distance: float) -> Atoms:
    """Return rock salt in which both atoms are as near as this, in Å."""
    atoms = lithium_fluoride()
    atoms.positions[1] = atoms.positions[0] + [distance, 0, 0]
    return atoms


def antifluorite(anion: str = "O", a: float = 4.62) -> Atoms:
    """Return the primitive cell of Li2X, three atoms."""
    cell = a / 2 * (1 - np.eye(3))
    spots = [[0.25] * 3, [0.75] * 3, [0.0] * 3]
    return Atoms(f"Li2{anion}", scaled_positions=spots, cell=cell, pbc=True)


def thiophosphate_like() -> Atoms:
    """Return twelve atoms of five elements, hydrogen among them, in a skewed cell without symmetry."""
    generator = np.random.default_rng(5)
    spots = np.stack(np.meshgrid(np.arange(3), np.arange(2), np.arange(2), indexing="ij"), -1).reshape(-1, 3)
    fractional = (spots + 0.5 + generator.uniform(-0.08, 0.08, spots.shape)) / [3, 2, 2]
    cell = np.array([[8.1, 0.0, 0.0], [1.3, 5.6, 0.0], [-0.9, 1.7, 5.2]])
    return Atoms("Li5PS4O" + "H", scaled_positions=fractional, cell=cell, pbc=True)


def copper() -> list[Atoms]:
    """Return rattled crystals of different sizes and shapes, for the Morse springs."""
    found = [
        bulk("Cu", "fcc", a=3.9, cubic=True),
        bulk("Cu", "fcc", a=3.9) * (2, 2, 2),
        bulk("Li", "bcc", a=3.2, cubic=True) * (2, 1, 1),
    ]
    for seed, atoms in enumerate(found):
        atoms.rattle(0.1, seed=seed)
    return found
