"""CIFs of well-known compounds, written from published cells, for the tests of the reader."""

CELL_TAGS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")


def cif(
    cell: tuple[float, ...],
    symmetry: str,
    atoms: str,
    *,
    formula: str | None = None,
    z: int | None = None,
    columns: str = "label type_symbol fract_x fract_y fract_z occupancy",
    name: str = "made",
) -> str:
    """A CIF with one line an atom."""
    stated = [] if formula is None else [f"_chemical_formula_sum '{formula}'"]
    stated += [] if z is None else [f"_cell_formula_units_Z {z}"]
    lengths = [f"_cell_{tag} {value}" for tag, value in zip(CELL_TAGS, cell, strict=True)]
    header = [f"_atom_site_{column}" for column in columns.split()]
    return "\n".join([f"data_{name}", *stated, *lengths, symmetry, "loop_", *header, atoms.strip(), ""])


def cubic(a: float) -> tuple[float, ...]:
    """A cubic cell of a Å."""
    return (a, a, a, 90, 90, 90)


LITHIUM_OXIDE_A = 4.619
LITHIUM_OXIDE_ATOMS = """
Li1 Li 0.25 0.25 0.25 1
O1 O 0 0 0 1
"""


def lithium_oxide(symmetry: str = "_space_group_name_H-M_alt 'F m -3 m'", **changes: str) -> str:
    """Antifluorite Li2O, a = 4.619 Å, 2.013 g/cm³; `changes` replace texts of it."""
    text = cif(cubic(LITHIUM_OXIDE_A), symmetry, LITHIUM_OXIDE_ATOMS, formula="Li2 O", z=4)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def spinel(symmetry: str, atoms: str) -> str:
    """Spinel Li2MgCl4, a = 10.40 Å; 2.13 g/cm³ when Li fills half of the octahedra."""
    return cif(cubic(10.40), symmetry, atoms, formula="Cl4 Li2 Mg", z=8)


SPINEL_AT_CENTRE = """
Li1 Li 0.125 0.125 0.125 1
Li2 Li 0.5 0.5 0.5 0.5
Mg1 Mg 0.5 0.5 0.5 0.5
Cl1 Cl 0.2557 0.2557 0.2557 1
"""
"""Origin choice 2."""

GARNET = cif(
    cubic(12.968),
    "_symmetry_space_group_name_H-M 'I a -3 d'\n_symmetry_Int_Tables_number 230",
    """
Li1 Li 0.375 0 0.25 0.54
Li2 Li 0.0969 0.6851 0.5772 0.447
La1 La 0.125 0 0.25 1
Zr1 Zr 0 0 0 1
O1 O -0.0318 0.0547 0.1500 1
""",
    formula="La24 Li55.872 O96 Zr16",
    z=1,
)
"""Cubic Li7La3Zr2O12 with its Li spread over two sites; the formula is of the cell."""
