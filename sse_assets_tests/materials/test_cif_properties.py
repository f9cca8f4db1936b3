"""A crystal is the same in whatever cell, setting, origin or order of axes it is written."""

import functools

import gemmi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.crystal import Crystal, read_crystal
from sse_assets_tests.materials.cif_examples import CELL_TAGS

RELATIVE = 1e-6
GROUPS = [group for group in gemmi.spacegroup_table() if group.number > 0]
ELEMENTS = ["Li", "Na", "La", "Zr", "P", "S", "O", "Cl", "Br", "F"]


@functools.cache
def conventional_cell(crystal_system: str, axes: str) -> tuple[float, ...]:
    """A cell of a shape that every group of the system has, in Å and degrees."""
    return {
        "triclinic": (6.1, 7.3, 8.9, 81.0, 77.0, 68.0),
        "monoclinic": (6.1, 7.3, 8.9, 90.0, 90.0, 90.0),
        "orthorhombic": (6.1, 7.3, 8.9, 90.0, 90.0, 90.0),
        "tetragonal": (7.3, 7.3, 9.7, 90.0, 90.0, 90.0),
        "trigonal": (7.3, 7.3, 7.3, 71.0, 71.0, 71.0) if axes == "R" else (7.3, 7.3, 9.7, 90.0, 90.0, 120.0),
        "hexagonal": (7.3, 7.3, 9.7, 90.0, 90.0, 120.0),
        "cubic": (9.7, 9.7, 9.7, 90.0, 90.0, 90.0),
    }[crystal_system]


def written(cell: tuple[float, ...], symmetry: list[str], atoms: list[tuple[str, float, np.ndarray]]) -> str:
    lengths = [f"_cell_{tag} {value:.10f}" for tag, value in zip(CELL_TAGS, cell, strict=True)]
    tags = ("label", "type_symbol", "occupancy", "fract_x", "fract_y", "fract_z")
    lines = [
        f"{element}{i} {element} {occupancy:.6f} " + " ".join(f"{x:.10f}" for x in position)
        for i, (element, occupancy, position) in enumerate(atoms)
    ]
    return "\n".join(["data_x", *lengths, *symmetry, "loop_", *(f"_atom_site_{t}" for t in tags), *lines, ""])


def same(first: Crystal, second: Crystal) -> None:
    fractions = [c.composition.fractional_composition for c in (first, second)]
    for element in {*fractions[0], *fractions[1]}:
        assert fractions[0][element] == pytest.approx(fractions[1][element], abs=RELATIVE)
    assert first.density_g_cm3 == pytest.approx(second.density_g_cm3, rel=RELATIVE)
    volumes = [c.structure.volume / c.composition.num_atoms for c in (first, second)]
    assert volumes[0] == pytest.approx(volumes[1], rel=RELATIVE)


@settings(max_examples=150, deadline=None)
@given(
    group=st.sampled_from(GROUPS),
    seed=st.integers(0, 2**32 - 1),
    sites=st.integers(1, 3),
    how=st.sampled_from(["symbol", "hall", "operations"]),
)
def test_every_setting_by_symbol_hall_or_operations(
    group: gemmi.SpaceGroup, seed: int, sites: int, how: str
) -> None:
    chance = np.random.default_rng(seed)
    cell = conventional_cell(group.crystal_system_str(), group.ext)
    special = [np.zeros(3), np.full(3, 0.5), np.array([1 / 3, 2 / 3, 0.0])]
    atoms = [
        (ELEMENTS[i], 0.02, special[i] if chance.random() < 0.3 else chance.random(3)) for i in range(sites)
    ]
    operations = [op.triplet() for op in group.operations()]
    stated = {
        "symbol": [f"_space_group_name_H-M_alt '{group.xhm()}'"],
        "hall": [f'_space_group_name_Hall "{group.hall}"'],
        "operations": ["loop_", "_space_group_symop_operation_xyz", *(f"'{op}'" for op in operations)],
    }[how]
    # The truth is made without the reader: each atom under each operation, equal positions joined.
    everything = []
    for element, occupancy, position in atoms:
        images = np.array([op.apply_to_xyz(list(position)) for op in group.operations()]) % 1.0
        apart = images[:, None] - images[None]
        near = (np.abs(apart - np.round(apart)) < 1e-6).all(axis=2)
        everything += [(element, occupancy, images[i]) for i in range(len(images)) if not near[i, :i].any()]
    # Cells are as large as 15 Å³ per atom makes them, for the reader refuses what no solid is.
    atoms_in_cell = sum(occupancy for _, occupancy, _ in everything)
    factor = (15.0 * atoms_in_cell / Lattice.from_parameters(*cell).volume) ** (1 / 3)
    cell = (*(factor * length for length in cell[:3]), *cell[3:])
    whole = written(cell, ["_space_group_name_H-M_alt 'P 1'"], everything)
    same(read_crystal(written(cell, stated, atoms)), read_crystal(whole))


BASES = {
    "Fm-3m": Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.7), [{"Li": 0.9}, "S"], [[0.25] * 3, [0] * 3]
    ),
    "P6/mmm": Structure.from_spacegroup(
        "P6/mmm",
        Lattice.hexagonal(3.648, 3.875),
        ["Li", "Li", "N"],
        [[1 / 3, 2 / 3, 0], [0, 0, 0.5], [0, 0, 0]],
    ),
    "R-3m": Structure.from_spacegroup(
        "R-3m", Lattice.hexagonal(2.816, 14.05), ["Li", "Co", "O"], [[0, 0, 0.5], [0, 0, 0], [0, 0, 0.2604]]
    ),
    "Pnma": Structure.from_spacegroup(
        "Pnma",
        Lattice.orthorhombic(6.1, 7.9, 4.9),
        ["Li", {"P": 0.5, "S": 0.5}],
        [[0.1, 0.25, 0.3], [0.35, 0.1, 0.8]],
    ),
}


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(list(BASES)),
    scale=st.tuples(*[st.integers(1, 2)] * 3),
    order=st.permutations(range(3)),
    shift=st.tuples(*[st.floats(0, 1)] * 3),
    symprec=st.sampled_from([None, 0.01]),
    primitive=st.booleans(),
)
def test_every_cell_origin_and_order_of_axes(
    name: str,
    scale: tuple[int, ...],
    order: list[int],
    shift: tuple[float, ...],
    symprec: float | None,
    primitive: bool,
) -> None:
    base = BASES[name]
    structure = base.get_primitive_structure() if primitive else base.copy()
    structure.make_supercell(scale)
    structure = Structure(
        Lattice(structure.lattice.matrix[order]),
        structure.species_and_occu,
        structure.frac_coords[:, order] + (0 if symprec else np.array(shift)),
    )
    crystal = read_crystal(structure.to(fmt="cif", symprec=symprec))
    truth = Crystal(base)
    assert truth.composition == Composition(base.composition)
    # pymatgen writes cells to 8 decimals; finding the symmetry anew moves them by no more.
    same(crystal, truth)
    assert crystal.remarks == ()
