"""Operators of ase-ga, which make children from parents.

Each child has random numbers of its own from one seed, so that it depends on its parents and its seed alone.
(Heredity and permutation of ase-ga need the older RandomState of numpy.)
"""

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase_ga.cutandsplicepairing import CutAndSplicePairing
from ase_ga.offspring_creator import OffspringCreator
from ase_ga.standardmutations import PermutationMutation, RattleMutation, StrainMutation
from ase_ga.utilities import CellBounds, atoms_too_close, closest_distances_generator

from sse_assets.atomistics.cells import bare
from sse_assets.tables.names import Operator

CONTACT = 0.55
"""Shortest distance of two atoms in a new candidate, as a share of the sum of their covalent radii."""
_BOUNDS = CellBounds(
    {"phi": [35, 145], "chi": [35, 145], "psi": [35, 145], "a": [2, 40], "b": [2, 40], "c": [2, 40]}
)
_ATTEMPTS = 5
_PARENTS_FOR_VOLUME = 4


def parents_needed(operator: Operator) -> int:
    """Return the number of parents of an operator."""
    return {Operator.SEED: 0, Operator.HEREDITY: 2}.get(operator, 1)


def child(
    operator: Operator, parents: Sequence[Atoms], population: Sequence[Atoms], seed: int
) -> Atoms | None:
    """Make one child; return None where the operator finds none whose atoms keep their distance.

    Args:
        operator: any operator but `SEED` and `DYNAMICS`, which change no crystal here.
        parents: as many parents as `parents_needed`.
        population: crystals, best first; a strained or joined cell gets the volume of the best of them.
        seed: seed of the random numbers.
    """
    rng = np.random.RandomState(seed)
    creator = _creator(operator, parents[0], rng)
    if isinstance(creator, (CutAndSplicePairing, StrainMutation)):
        creator.update_scaling_volume(population, w_adapt=0.5, n_adapt=_PARENTS_FOR_VOLUME)
    for _ in range(_ATTEMPTS):
        made, _ = creator.get_new_individual([_labelled(parent, n) for n, parent in enumerate(parents)])
        if made is not None:
            return bare(made)
    return None


def by_element(atoms: Atoms) -> Atoms:
    """Return a copy with the atoms ordered by element; heredity joins only parents of one order."""
    return atoms[np.argsort(atoms.numbers, kind="stable")]


def too_close(atoms: Atoms) -> bool:
    """Return whether two atoms, or an atom and its own image, are closer than `CONTACT` allows."""
    return bool(atoms_too_close(atoms, _distances(atoms)))


def _creator(operator: Operator, parent: Atoms, rng: np.random.RandomState) -> OffspringCreator:
    distances, size = _distances(parent), len(parent)
    match operator:
        case Operator.HEREDITY:
            return CutAndSplicePairing(
                Atoms(cell=np.eye(3), pbc=True),
                size,
                distances,
                number_of_variable_cell_vectors=3,
                p1=1,
                p2=0.05,
                minfrac=0.15,
                cellbounds=_BOUNDS,
                rng=rng,
            )
        case Operator.RATTLE:
            return RattleMutation(distances, size, rattle_strength=0.8, rattle_prop=0.4, rng=rng)
        case Operator.STRAIN:
            return StrainMutation(
                distances, cellbounds=_BOUNDS, stddev=0.3, number_of_variable_cell_vectors=3, rng=rng
            )
        case Operator.PERMUTATION:
            return PermutationMutation(size, probability=0.33, blmin=distances, rng=rng)
        case _:
            raise ValueError(f"{operator} makes no child")


def _distances(atoms: Atoms) -> dict[tuple[int, int], float]:
    return closest_distances_generator(sorted({int(z) for z in atoms.numbers}), CONTACT)


def _labelled(parent: Atoms, number: int) -> Atoms:
    """Return a copy with the entries that ase-ga reads from `info`."""
    copy = parent.copy()
    copy.info.update(confid=number, key_value_pairs={}, data={})
    return copy
