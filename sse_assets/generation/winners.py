"""Last relaxation of the best candidate, with the symmetry that it has."""

from collections.abc import Sequence
from dataclasses import dataclass

import spglib
from ase import Atoms
from pymatgen.core import Structure
from pymatgen.io.cif import CifWriter
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from sse_assets.atomistics.evaluation import Evaluation, Evaluator
from sse_assets.generation.duplicates import atoms_of, crystal
from sse_assets.materials.symmetry import SYMPREC as CIF_SYMPREC
from sse_assets.materials.symmetry import normalised_symbol

SYMPREC = 0.1
"""Tolerance in Å for the symmetry of a relaxation that stops at a small force."""
_COST_OF_SYMMETRY_EV_PER_ATOM = 1e-3


@dataclass(frozen=True)
class Settled:
    """Crystal after its last relaxation."""

    atoms: Atoms
    """Cell; it is primitive if its symmetry could be made exact."""
    evaluation: Evaluation
    space_group: str

    @property
    def cif(self) -> str:
        """CIF with the symmetry, for other programs."""
        return str(CifWriter(self.structure, symprec=CIF_SYMPREC))

    @property
    def structure(self) -> Structure:
        """Cell for pymatgen."""
        return crystal(self.atoms)


class UnsettledError(RuntimeError):
    """Error over a structure that does not survive its last relaxation; the message says why."""


def settle(atoms: Atoms, evaluator: Evaluator) -> Settled:
    """Relax a structure as `settle_together` does.

    Raises:
        UnsettledError: if the relaxation of the structure itself fails.
    """
    (found,) = settle_together([atoms], evaluator)
    if isinstance(found, UnsettledError):
        raise found
    return found


def settle_together(structures: Sequence[Atoms], evaluator: Evaluator) -> list[Settled | UnsettledError]:
    """Relax structures, and relax each again from the symmetry that it nearly has.

    The symmetric structure is kept unless its enthalpy is higher by more than 1 meV/atom.

    Args:
        structures: found structures.
        evaluator: evaluator that relaxes to small forces.

    Returns:
        Each structure as it settled, or the error where its own relaxation failed.
    """
    plain = list(evaluator.evaluate(structures, seeds=[0] * len(structures)))
    symmetric = [_symmetrised(one.atoms) if one.failure is None and one.atoms else None for one in plain]
    cells = [atoms for atoms in symmetric if atoms is not None]
    relaxed = iter(list(evaluator.evaluate(cells, seeds=[0] * len(cells))))
    again = [None if atoms is None else next(relaxed) for atoms in symmetric]
    return [_lower(one, other) for one, other in zip(plain, again, strict=True)]


def _lower(plain: Evaluation, symmetric: Evaluation | None) -> Settled | UnsettledError:
    """Return the symmetric structure unless its enthalpy is higher, or there is none."""
    if plain.failure is not None or plain.atoms is None:
        return UnsettledError(f"the last relaxation failed: {plain.failure}")
    limit = plain.enthalpy_ev_per_atom + _COST_OF_SYMMETRY_EV_PER_ATOM
    kept, atoms = plain, plain.atoms
    if symmetric is not None and symmetric.failure is None and symmetric.enthalpy_ev_per_atom <= limit:
        assert symmetric.atoms is not None
        kept, atoms = symmetric, symmetric.atoms
    return Settled(atoms, kept, loose_space_group(atoms) or "P1")


def loose_space_group(atoms: Atoms) -> str | None:
    """Return the normalised space group at `SYMPREC`; None if spglib finds none."""
    found = spglib.get_spacegroup(
        (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=SYMPREC
    )
    return None if found is None else normalised_symbol(found.split(" (")[0])


def loose_space_groups(cells: Sequence[Atoms | None]) -> list[str | None]:
    """Return the space group of each cell as `loose_space_group` does; None where there is no cell."""
    return [loose_space_group(atoms) if atoms is not None else None for atoms in cells]


def _symmetrised(atoms: Atoms) -> Atoms | None:
    """Return the primitive cell with its loose symmetry made exact; None if spglib finds none."""
    analyzer = SpacegroupAnalyzer(crystal(atoms), symprec=SYMPREC)
    if analyzer.get_symmetry_dataset() is None:
        return None
    return atoms_of(analyzer.get_primitive_standard_structure())
