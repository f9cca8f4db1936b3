"""The conventional cell of a crystal: the one that crystallographers choose."""

from pymatgen.core import Structure

from sse_assets.materials.symmetry import symmetry_dataset


def sites_in_conventional_cell(structure: Structure) -> int | None:
    """Number of sites in the conventional cell of a crystal; None where spglib finds no symmetry."""
    dataset = symmetry_dataset(structure)
    return None if dataset is None else len(dataset.std_types)
