"""Random symmetric cells by PyXtal, for a process in which it may hang or print (`sse_assets.processes`)."""

from typing import Any

from pymatgen.core import Composition
from pyxtal import pyxtal
from pyxtal.msg import Error


def random_cell(symbols: list[str], counts: list[int], space_group: int, seed: int) -> dict[str, Any] | None:
    """Make one cell in a space group.

    Returns:
        Keyword arguments of `ase.Atoms` for the primitive cell: `symbols`, `scaled_positions` (n × 3), `cell`
        (3 × 3, Å); None where PyXtal finds no such cell.
    """
    crystal = pyxtal()
    try:
        crystal.from_random(3, space_group, symbols, counts, conventional=False, random_state=seed)
    except (Error, RuntimeError, ValueError):  # the group cannot hold these atoms, or no volume fits
        return None
    if not crystal.valid:
        return None
    primitive = crystal.to_pymatgen().get_primitive_structure()
    if primitive.composition != Composition(dict(zip(symbols, counts, strict=True))):
        return None  # it has translations beyond its space group, so its primitive cell lacks atoms
    return {
        "symbols": [site.specie.symbol for site in primitive],
        "scaled_positions": primitive.frac_coords,
        "cell": primitive.lattice.matrix,
    }
