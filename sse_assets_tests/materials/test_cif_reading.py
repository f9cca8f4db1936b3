"""Every kind of file that people stumble over is read rightly, or refused or remarked with the reason."""

import pytest

from sse_assets.materials.crystal import (
    CifError,
    Crystal,
    compare_with_formula,
    formula_units,
    read_crystal,
)
from sse_assets.materials.formula import parse_composition
from sse_assets.materials.remarks import RemarkCode, as_note
from sse_assets_tests.materials.cif_examples import (
    LITHIUM_OXIDE_ATOMS,
    SPINEL_AT_CENTRE,
    cif,
    cubic,
    lithium_oxide,
    spinel,
)

OXIDE = lithium_oxide()
LI2O_G_CM3 = 2.014
P1 = "_space_group_name_H-M_alt 'P 1'"
FM3M = "_space_group_name_H-M_alt 'F m -3 m'"
CENTRED_SPINEL = "_space_group_name_H-M_alt 'F d -3 m :2'"


def codes(crystal: Crystal) -> set[str]:
    return {remark.code.value for remark in crystal.remarks}


def amounts(crystal: Crystal) -> dict[str, float]:
    return {str(element): amount for element, amount in crystal.composition.items()}


def is_lithium_oxide(crystal: Crystal, *remarks: str) -> None:
    assert amounts(crystal) == pytest.approx({"Li": 8, "O": 4})
    assert crystal.density_g_cm3 == pytest.approx(LI2O_G_CM3, abs=0.001)
    assert codes(crystal) == set(remarks)


@pytest.mark.parametrize(
    "symmetry",
    [
        "_symmetry_space_group_name_H-M 'F m 3 m'",
        "_symmetry_space_group_name_H-M fm-3m",
        "_symmetry_space_group_name_H-M Fm3m\n_symmetry_Int_Tables_number 225",
        "_space_group.name_H-M_alt 'F 4/m -3 2/m'",
        "_space_group_name_Hall '-F 4 2 3'",
        "_symmetry_space_group_name_Hall '-F 4 2 3'\n_symmetry_space_group_name_H-M ?",
        "_SPACE_GROUP_IT_NUMBER 225",
        "_space_group_name_H-M_alt 'F m 3\u0305 m'",
        "_space_group_name_H-M_alt 'F m \u22123 m'",
    ],
)
def test_a_space_group_by_any_of_its_names(symmetry: str) -> None:
    is_lithium_oxide(read_crystal(lithium_oxide(symmetry)))


@pytest.mark.parametrize(
    "content",
    [
        OXIDE.encode("utf-8-sig"),
        OXIDE.encode("utf-16"),
        OXIDE.encode("utf-16-le"),
        OXIDE.encode("utf-16-be"),
        ("# by Müller\n" + OXIDE).encode("latin-1"),
        "\ufeff" + OXIDE,
        OXIDE.replace("\n", "\r\n"),
        OXIDE.replace("\n", "\r"),
        "data_global\n_audit_creation_method 'by hand'\n" + OXIDE,
        OXIDE + "data_powder\nloop_\n_pd_meas_2theta_scan\n_pd_meas_intensity_total\n10 100\n11 99\n",
        OXIDE.replace("data_made", "data_made\n_publ_section_comment\n;\ndata_ of Müller\nloop_ twice\n;"),
        OXIDE.replace("_cell_", "_CELL_").replace("_atom_site_fract", "_atom_site.fract"),
    ],
)
def test_a_text_in_any_encoding_and_layout(content: str | bytes) -> None:
    is_lithium_oxide(read_crystal(content))


def test_of_several_crystals_the_first_is_read_and_named() -> None:
    salt = cif(cubic(5.64), FM3M, "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1", name="salt")
    crystal = read_crystal(OXIDE + salt)
    is_lithium_oxide(crystal, "several_crystals")
    assert "data_made" in crystal.remarks[0].sentence
    assert "salt" in crystal.remarks[0].sentence
    assert codes(read_crystal(OXIDE + OXIDE)) == {"several_crystals"}
    molecule = "data_molecule\n" + OXIDE[OXIDE.index("loop_") :]  # atoms without a cell
    is_lithium_oxide(read_crystal(molecule + OXIDE))


@pytest.mark.parametrize(
    ("lines", "remarks"),
    [
        ("Li1 Li1+ 0.25 0.25 0.25 .\nO1 O2- 0 0 0 ?", []),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 Ow 0 0 0 1", []),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nX1 X1 0.5 0.5 0.5 1", ["vacancy"]),
        ("Li1 Li+ 1/4 1/4 1/4 1.000(2)\nO1 O-2 0 0 0 1", []),
        ("LI1 LI 0.25 0.25 0.25 1\nO1 o 0 0 0 1", []),
        ("Li1 ? 0.25 0.25 0.25 1\nO1A . 0 0 0 1", []),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nVa1 Vac 0.5 0.5 0.5 1", ["vacancy"]),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nV1 □ 0.5 0.5 0.5 1", ["vacancy"]),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nX1 X 0.5 0.5 0.5 1", ["vacancy"]),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nVac1 V 0.5 0.5 0.5 1", ["vacancy"]),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nLi9 Li ? ? ? 1", ["unplaced"]),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nO1 O 0 0 0 1", ["repeated"]),
        ("Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 1\nO2 O 0.5 0.5 0 1", ["repeated"]),
        ("Li1 Li 0.25 0.25 0.25 0.98\nLi2 Li 0.75 0.25 0.25 0.05\nO1 O 0 0 0 1", ["occupancy"]),
    ],
)
def test_what_lines_of_atoms_mean(lines: str, remarks: list[str]) -> None:
    is_lithium_oxide(read_crystal(OXIDE.replace(LITHIUM_OXIDE_ATOMS.strip(), lines)), *remarks)


def test_a_dummy_is_no_atom_unless_the_formula_needs_it() -> None:
    columns = "label type_symbol fract_x fract_y fract_z calc_flag"
    lines = "Li1 Li 0.25 0.25 0.25 d\nO1 O 0 0 0 d\nCg1 C 0.5 0.5 0.5 dum"
    is_lithium_oxide(
        read_crystal(cif(cubic(4.619), FM3M, lines, formula="Li2 O", columns=columns)), "vacancy"
    )
    needed = cif(
        cubic(4.619), FM3M, lines.replace("0 0 0 d", "0 0 0 dum"), formula="Li2 O C", columns=columns
    )
    assert amounts(read_crystal(needed)) == pytest.approx({"Li": 8, "O": 4, "C": 4})


def test_a_placeholder_that_may_be_an_atom_is_refused() -> None:
    lines = "Li1 Li 0.25 0.25 0.25 1\nX1 X 0 0 0 1"
    with pytest.raises(CifError, match=r"X1 .* the formula holds O: write the element"):
        read_crystal(OXIDE.replace(LITHIUM_OXIDE_ATOMS.strip(), lines))
    with pytest.raises(CifError, match=r"X1 .* nothing else is on its site"):
        read_crystal(cif(cubic(4.619), FM3M, lines))


@pytest.mark.parametrize(
    ("type_symbol", "excess_da"), [("7Li", 0.075), ("6Li", -0.926), ("7Li1+", 0.075), ("Li-7", 0.075)]
)
def test_isotopes_of_lithium_are_lithium_with_their_own_mass(type_symbol: str, excess_da: float) -> None:
    crystal = read_crystal(OXIDE.replace("Li1 Li ", f"Li1 {type_symbol} "))
    assert amounts(crystal) == pytest.approx({"Li": 8, "O": 4})
    assert crystal.isotope_excess_da == pytest.approx(8 * excess_da, abs=0.01)
    assert codes(crystal) == {"isotope"}


def test_deuterium_is_hydrogen_and_heavier() -> None:
    crystal = read_crystal(
        cif(cubic(4.0684), FM3M, "Li1 Li 0 0 0 1\nD1 D 0.5 0.5 0.5 1", formula="D Li", z=4)
    )
    assert amounts(crystal) == pytest.approx({"Li": 4, "H": 4})
    assert crystal.density_g_cm3 == pytest.approx(
        0.883, abs=0.001
    )  # handbook: 0.82 for LiH, which is lighter
    assert not compare_with_formula(crystal, parse_composition("LiH"))


HYDROXIDE_CELL = (3.549, 3.549, 4.334, 90, 90, 90)


def hydroxide(type_symbol: str, *, attached: str = "", formula: str = "H Li O") -> str:
    columns = "label type_symbol fract_x fract_y fract_z" + (" attached_hydrogens" if attached else "")
    lines = "\n".join(
        f"{label} {symbol} {position} {attached if symbol != 'Li' and attached else '0' if attached else ''}"
        for label, symbol, position in [
            ("Li1", "Li", "0.75 0.25 0"),
            ("Li2", "Li", "0.25 0.75 0"),
            ("O1", type_symbol, "0.25 0.25 0.194"),
            ("O2", type_symbol, "0.75 0.75 0.806"),
        ]
    )
    symmetry = P1
    return cif(HYDROXIDE_CELL, symmetry, lines, formula=formula, z=2, columns=columns)


@pytest.mark.parametrize(
    "text", [hydroxide("O-H"), hydroxide("OH"), hydroxide("OH1-"), hydroxide("O", attached="1")]
)
def test_hydrogen_named_at_its_oxygen_counts(text: str) -> None:
    crystal = read_crystal(text)
    assert amounts(crystal) == pytest.approx({"Li": 2, "O": 2, "H": 2})
    assert crystal.density_g_cm3 == pytest.approx(1.457, abs=0.001)
    assert codes(crystal) == {"unplaced"}


def test_atoms_that_the_formula_has_and_the_list_has_not_are_remarked() -> None:
    crystal = read_crystal(hydroxide("O"))
    [remark] = crystal.remarks
    assert remark.code is RemarkCode.FORMULA
    assert "the atomic fraction of H is off by -0.333" in remark.sentence


@pytest.mark.parametrize(
    "symbol", ["'F d -3 m Z'", "'F d -3 m :2'", "Fd-3mZ", "'F d -3 m O2'", "'F d 3 m (origin 2)'", "Fd-3m:2"]
)
def test_origins_of_a_spinel(symbol: str) -> None:
    crystal = read_crystal(spinel(f"_symmetry_space_group_name_H-M {symbol}", SPINEL_AT_CENTRE))
    assert amounts(crystal) == pytest.approx({"Li": 16, "Mg": 8, "Cl": 32})
    assert crystal.remarks == ()


def test_an_origin_that_is_not_stated_is_the_one_that_fits() -> None:
    crystal = read_crystal(spinel("_symmetry_space_group_name_H-M 'F d -3 m'", SPINEL_AT_CENTRE))
    assert amounts(crystal) == pytest.approx({"Li": 16, "Mg": 8, "Cl": 32})
    assert codes(crystal) == {"origin"}
    with pytest.raises(CifError, match=r"Cl1 and Cl1 of the CIF are 0\.17 Å apart"):
        read_crystal(spinel("_symmetry_space_group_name_H-M 'F d -3 m S'", SPINEL_AT_CENTRE))


@pytest.mark.parametrize(
    "symmetry",
    [
        "_symmetry_space_group_name_H-M 'R -3 m :R'",
        "_symmetry_space_group_name_H-M 'R -3 m R'",
        "_symmetry_space_group_name_H-M 'R -3 m'",
        "_symmetry_space_group_name_H-M ?\n_space_group_IT_number 166",
    ],
)
def test_rhombohedral_axes(symmetry: str) -> None:
    lines = "Li Li 0.5 0.5 0.5 1\nCo Co 0 0 0 1\nO O 0.2604 0.2604 0.2604 1"
    text = cif((4.9574,) * 3 + (32.99,) * 3, symmetry, lines, formula="Co Li O2", z=1)
    crystal = read_crystal(text)
    assert amounts(crystal) == pytest.approx({"Li": 1, "Co": 1, "O": 2})
    assert crystal.density_g_cm3 == pytest.approx(5.06, abs=0.01)
    assert crystal.remarks == ()


@pytest.mark.parametrize(
    "third", ["0.333 0.667", "0.333 0.666", "0.3333 0.6666", "0.33 0.67", "0.33(1) 0.66(1)"]
)
def test_rounded_thirds(third: str) -> None:
    lines = f"Li1 Li {third} 0 1\nLi2 Li 0 0 0.5 1\nN1 N 0 0 0 1"
    cell = (3.648, 3.648, 3.875, 90, 90, 120)
    crystal = read_crystal(cif(cell, "_space_group_name_H-M_alt 'P 6/m m m'", lines, formula="Li3 N", z=1))
    assert amounts(crystal) == pytest.approx({"Li": 3, "N": 1})
    assert crystal.remarks == ()


def test_a_rounded_coordinate_that_is_twice_another() -> None:
    lines = "Li1 Li 0.157 0.313 0.25 0.5\nO1 O 0 0 0 1"
    text = cif((6, 6, 9, 90, 90, 120), "_space_group_name_H-M_alt 'P 63/m m c'", lines)
    assert amounts(read_crystal(text)) == pytest.approx({"Li": 3, "O": 2})


def test_a_split_site_stays_split_where_the_file_counts_it() -> None:
    columns = "label type_symbol symmetry_multiplicity fract_x fract_y fract_z occupancy"
    symmetry = "_space_group_name_H-M_alt 'P -1'"
    lines = "Li1 Li {} 0.502 0.001 0 0.5\nO1 O 1 0 0.5 0.5 1"
    split = read_crystal(cif((4, 5, 6, 90, 90, 90), symmetry, lines.format(2), columns=columns))
    joined = read_crystal(
        cif((4, 5, 6, 90, 90, 90), symmetry, lines.format("?").replace("502", "501"), columns=columns)
    )
    assert amounts(split)["Li"] == pytest.approx(1.0)
    assert amounts(joined)["Li"] == pytest.approx(0.5)


def test_operations_come_before_the_symbol_and_what_differs_is_said() -> None:
    listed = "loop_\n_space_group_symop_operation_xyz\nx,y,z\n-x,-y,-z\n"
    lines = "Li1 Li 0.1 0.2 0.3 1\nO1 O 0.35 0.3 0.45 1"
    cell = (4.0, 4.1, 4.2, 90, 90, 90)
    crystal = read_crystal(cif(cell, listed + P1, lines))
    assert len(crystal.structure) == 4
    assert codes(crystal) == {"space_group"}


def test_symmetry_that_was_not_applied_is_said() -> None:
    listed = f"_space_group_symop_operation_xyz x,y,z\n{FM3M}"
    crystal = read_crystal(lithium_oxide(listed))
    assert {"space_group", "formula"} <= codes(crystal)
    unnamed = read_crystal(cif(cubic(3.5), "", LITHIUM_OXIDE_ATOMS))
    assert codes(unnamed) == {"no_symmetry"}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("_cell_volume 120", "volume"),
        ("_exptl_crystal_density_diffrn 1.5", "density"),
        ("_space_group_IT_number 227", "space_group"),
        ("_space_group_name_Hall '-P 4 2 3'\n_space_group_name_Hall '-F 4 2 3'", "repeated"),
    ],
)
def test_what_the_file_says_of_itself_is_compared(statement: str, code: str) -> None:
    assert code in codes(read_crystal(lithium_oxide(f"{FM3M}\n{statement}")))


def test_z_and_multiplicity_are_compared() -> None:
    assert codes(read_crystal(OXIDE.replace("units_Z 4", "units_Z 2"))) == {"content"}
    assert codes(read_crystal(OXIDE.replace("units_Z 4", "units_Z 0"))) == {"content"}
    columns = "label type_symbol symmetry_multiplicity fract_x fract_y fract_z"
    lines = "Li1 Li 8 0.25 0.25 0.25\nO1 O 8 0 0 0"
    assert codes(read_crystal(cif(cubic(4.619), FM3M, lines, columns=columns))) == {"multiplicity"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (OXIDE.replace("4.619", "0.4619"), "in nm"),
        (OXIDE.replace("4.619", "46.19"), "thin as a gas"),
        (OXIDE.replace("angle_alpha 90", "angle_alpha 190"), "between 0° and 180°"),
        (OXIDE.replace("_angle_alpha 90", "_angle_alpha 1.5708").replace("a 90", "a 1.5708"), "radians"),
        (OXIDE.replace("alpha 90", "alpha 30").replace("gamma 90", "gamma 150"), "no cell has the angles"),
        (OXIDE.replace("length_a 4.619", "length_a -4.619"), "positive number"),
        (OXIDE.replace("length_a 4.619", "length_a 6.619"), "has not the shape"),
        (OXIDE.replace("_cell_length_b 4.619\n", ""), "gives no _cell_length_b"),
        (OXIDE.replace("F m -3 m", "F m -7 m"), "names the space group 'F m -7 m', which is none"),
        (OXIDE.replace("0.25 1", "0.25 1.06"), "occupancies at Li1 .* sum to 1.06"),
        (OXIDE.replace("0.25 1", "0.25 -0.5"), "cannot be below 0"),
        (OXIDE.replace("0.25 1", "0.25 full"), "occupancy of Li1 is 'full'"),
        (OXIDE.replace("0.25 0.25 0.25", "0,25 0.25 0.25"), "coordinate x of Li1 is '0,25'"),
        (OXIDE.replace("Li1 Li ", "Li1 Qq "), "Li1 .* no element"),
        (OXIDE.replace("Li1 Li ", "Li1 Li/Na "), "Li1 .* no element"),
        (OXIDE.replace("Li1 Li ", "(Li,Na)1 ? "), "no element"),
        (OXIDE.replace("O1 O ", "P1 PO4 "), "P1 .* no element"),
        (cif(cubic(4.6), P1, "Li Li 0.5 0.5 0.5 1\nO O 0 0 0 1\nS S 0 0 0.02 1"), "both there"),
        (OXIDE.replace("fract", "Cartn"), "Cartesian"),
        (lithium_oxide("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z\n-x,y,z"), "no group"),
        (lithium_oxide("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\nx,y"), "symmetry operation 'x,y'"),
    ],
)
def test_what_cannot_be_believed_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(CifError, match=reason):
        read_crystal(text)


def test_a_binary_file_is_named() -> None:
    with pytest.raises(CifError, match="binary"):
        read_crystal(b"\x1f\x8b\x08\x00" + bytes(100))
    with pytest.raises(CifError, match="UTF-16"):
        read_crystal(OXIDE.encode("utf-16-le").decode("utf-8"))


def test_close_atoms_are_remarked() -> None:
    lines = "Li1 Li 0.25 0.25 0.25 1\nO1 O 0 0 0 0.9\nF1 F 0.15 0 0 0.2"
    crystal = read_crystal(cif(cubic(4.619), P1, lines.replace("0.9", "1")))
    assert "distance" in codes(crystal)
    split = lines.replace("0.9", "0.7")  # O here or F there
    assert "distance" not in codes(read_crystal(cif(cubic(4.619), P1, split)))


ALUMINATE = cif(
    (5.1687, 5.1687, 6.2679, 90, 90, 90),
    "_symmetry_space_group_name_H-M 'P 41 21 2'",
    "Al1 Al 0.1762 0.1762 0 1\nO1 O 0.3370 0.2906 0.7723 1",
    formula="Al Li O2",
    z=4,
)


def test_z_is_the_stated_one_and_never_counted_without_li() -> None:
    oxide = parse_composition("LiAlO2")
    assert formula_units(read_crystal(ALUMINATE), oxide) == 4
    silent = read_crystal(ALUMINATE.replace("_cell_formula_units_Z 4\n", ""))
    assert str(formula_units(silent, oxide)) == "nan"
    whole = read_crystal(OXIDE.replace("_cell_formula_units_Z 4\n", ""))
    assert formula_units(whole, parse_composition("Li2O")) == 4
    assert formula_units(whole, parse_composition("Li4O2")) == 2
    assert formula_units(read_crystal(OXIDE), parse_composition("Li4O2")) == 2
    assert formula_units(read_crystal(OXIDE), parse_composition("Li1.9O")) == 4


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ("Li2O", []),
        ("Li2.05O", []),
        ("Li3O", ["composition"]),
        ("Li2OH", ["composition"]),
        ("Li2S", ["other_compound"]),
        ("Na2O", ["other_compound"]),
        ("LiNaO", ["other_compound"]),
    ],
)
def test_a_formula_and_a_crystal_are_compared(formula: str, found: list[str]) -> None:
    remarks = compare_with_formula(read_crystal(OXIDE), parse_composition(formula))
    assert [remark.code.value for remark in remarks] == found


def test_a_crystal_without_the_li_of_its_formula() -> None:
    remarks = compare_with_formula(read_crystal(ALUMINATE), parse_composition("LiAlO2"))
    assert as_note(remarks) == "the CIF holds no Li"
    salt = read_crystal(cif(cubic(5.64), FM3M, "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1", formula="Cl Na", z=4))
    found = compare_with_formula(salt, parse_composition("Li6PS5Cl"))
    assert [remark.code.value for remark in found] == ["no_lithium", "other_compound"]
    assert "Na, P, S" in found[1].sentence


def test_a_spinel_with_vacancies_by_every_name() -> None:
    for name in ("Vac", "Va", "X", "M", "□", "void"):
        atoms = SPINEL_AT_CENTRE.replace(
            "0.5 0.5 0.5 0.5\nMg", f"0.5 0.5 0.5 0.25\nVa1 {name} 0.5 0.5 0.5 0.25\nMg"
        )
        text = spinel(CENTRED_SPINEL, atoms).replace("Cl4 Li2 Mg", "Cl4 Li1.5 Mg")
        crystal = read_crystal(text)
        assert amounts(crystal) == pytest.approx({"Li": 12, "Mg": 8, "Cl": 32})
        assert codes(crystal) == {"vacancy"}


def test_a_giant_list_of_atoms_is_refused_before_it_takes_long() -> None:
    lines = "\n".join(f"Li{i} Li 0.{i:05d} 0 0 0.1" for i in range(3001))
    with pytest.raises(CifError, match="lists 3001 atoms"):
        read_crystal(cif(cubic(30), P1, lines))
