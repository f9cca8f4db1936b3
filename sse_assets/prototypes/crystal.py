"""A placed composition as a crystal with partial occupancies, and the guards that it has to pass."""

from pymatgen.core import Composition, Lattice, Structure
from pymatgen.io.cif import CifWriter

from sse_assets.materials.charge_balance import TOLERANCE, smallest_imbalance
from sse_assets.materials.short_bonds import overlap
from sse_assets.materials.symmetry import SYMPREC
from sse_assets.prototypes.mapping import Mapping
from sse_assets.prototypes.volume import VolumeModel
from sse_assets.tables.names import Reason

_SCALED = 0.5
"""Part of the logarithm of the ratio of two volumes that a substitution shows: half of it fits known crystals
better than none or all of it (docs/structures.md)."""


class UnsoundCrystalError(ValueError):
    """A crystal that no solid can be."""

    def __init__(self, code: Reason, sentence: str) -> None:
        """Name the kind of the fault and the fault."""
        super().__init__(sentence)
        self.code = code


def substituted(mapping: Mapping, volumes: VolumeModel) -> Structure:
    """Return the placed composition in its prototype's cell, which is scaled to what the elements take up."""
    known = mapping.prototype
    ratio = volumes.predict(mapping.content) / volumes.predict(known.composition)
    return in_cell(mapping, known.lattice.scale(known.lattice.volume * ratio**_SCALED))


def in_cell(mapping: Mapping, lattice: Lattice) -> Structure:
    """Return the placed composition with the prototype's fractional coordinates in another cell."""
    species, coordinates = [], []
    for orbit, held in zip(mapping.prototype.orbits, mapping.held, strict=True):
        if held:
            species += [Composition(held)] * len(orbit.sites)
            coordinates += [mapping.prototype.places[site] for site in orbit.sites]
    return Structure(lattice, species, coordinates)


def require_sound(structure: Structure) -> None:
    """Check that a crystal is neutral and that its atoms keep their distances.

    Raises:
        UnsoundCrystalError: saying which rule it breaks.
    """
    imbalance = smallest_imbalance(structure.composition.element_composition)
    if imbalance > TOLERANCE:
        raise UnsoundCrystalError(
            Reason.CHARGE_IMBALANCE,
            f"the atoms that find a place leave {100 * imbalance:.0f} % of the positive charge without "
            "counterpart",
        )
    if (sentence := overlap(structure)) is not None:
        raise UnsoundCrystalError(Reason.OVERLAPPING_ATOMS, sentence)


def cif_text(structure: Structure) -> str:
    """Return the CIF with the symmetry that the crystal has."""
    return str(CifWriter(structure, symprec=SYMPREC))
