"""From the best candidate to a crystal worth keeping: relaxed to the end, with the symmetry it has."""

from dataclasses import dataclass

import spglib
from ase import Atoms
from pymatgen.core import Structure
from pymatgen.io.cif import CifWriter
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from sse_assets.atomistics.evaluation import Evaluation, Evaluator
from sse_assets.generation.duplicates import crystal
from sse_assets.materials.symmetry import SYMPREC as CIF_SYMPREC
from sse_assets.materials.symmetry import normalised_symbol

SYMPREC = 0.1
"""Å; what a relaxation that stops at a small force leaves of a symmetry."""
_COST_OF_SYMMETRY_EV_PER_ATOM = 1e-3


@dataclass(frozen=True)
class Settled:
    """A crystal relaxed to the end."""

    atoms: Atoms
    """Primitive, if its symmetry could be made exact."""
    evaluation: Evaluation
    space_group: str

    @property
    def cif(self) -> str:
        """With its symmetry, as other programs read it."""
        return str(CifWriter(self.structure, symprec=CIF_SYMPREC))

    @property
    def structure(self) -> Structure:
        """For pymatgen."""
        return crystal(self.atoms)


class UnsettledError(RuntimeError):
    """A structure that does not survive its last relaxation; the message says why."""


def settle(atoms: Atoms, evaluator: Evaluator) -> Settled:
    """Relax a structure, and once more from the symmetry that it nearly has.

    The symmetric one is kept unless it costs more than 1 meV/atom.

    Args:
        atoms: a found structure.
        evaluator: relaxes to small forces.

    Raises:
        UnsettledError: if the relaxation of the structure itself fails.
    """
    (plain,) = evaluator.evaluate([atoms], seeds=[0])
    if plain.failure is not None or plain.atoms is None:
        raise UnsettledError(f"the last relaxation failed: {plain.failure}")
    kept = plain
    symmetric = _symmetrised(plain.atoms)
    if symmetric is not None:
        (relaxed,) = evaluator.evaluate([symmetric], seeds=[0])
        limit = plain.enthalpy_ev_per_atom + _COST_OF_SYMMETRY_EV_PER_ATOM
        if relaxed.failure is None and relaxed.enthalpy_ev_per_atom <= limit:
            kept = relaxed
    assert kept.atoms is not None
    return Settled(kept.atoms, kept, loose_space_group(kept.atoms) or "P1")


def loose_space_group(atoms: Atoms) -> str | None:
    """The space group at `SYMPREC`, normalised; None if spglib finds none."""
    found = spglib.get_spacegroup(
        (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=SYMPREC
    )
    return None if found is None else normalised_symbol(found.split(" (")[0])


def _symmetrised(atoms: Atoms) -> Atoms | None:
    """The primitive cell with its loose symmetry made exact; None if spglib finds none."""
    analyzer = SpacegroupAnalyzer(crystal(atoms), symprec=SYMPREC)
    if analyzer.get_symmetry_dataset() is None:
        return None
    primitive = analyzer.get_primitive_standard_structure()
    return Atoms(
        [site.specie.symbol for site in primitive],
        scaled_positions=primitive.frac_coords,
        cell=primitive.lattice.matrix,
        pbc=True,
    )
