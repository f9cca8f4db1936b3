import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition, Lattice, Structure

import sse_assets.descriptors.cell as cell_module
from sse_assets.descriptors.cell import (
    CELL_COLUMNS,
    cell,
    crystal_features,
)
from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.materials.crystal import read_cif
from sse_assets.sources.sample import load_structures
from sse_assets.tables.names import CellOrigin
from sse_assets_tests.descriptors.crystal_examples import electrolytes_table, rock_salt

ANGLES = {"alpha": 90.0, "beta": 90.0, "gamma": 90.0}
TABLE = {
    "llzo-cubic": {
        "formula": "Li7La3Zr2O12",
        "z": 8.0,
        "a": 12.968,
        "b": 12.968,
        "c": 12.968,
        "space_group": "Ia-3d",
        "space_group_number": 230.0,
    },
    "lgps": {
        "formula": "Li10GeP2S12",
        "z": 2.0,
        "a": 8.69407,
        "b": 8.69407,
        "c": 12.5994,
        "space_group": "P42/nmc",
        "space_group_number": 137.0,
    },
    "li6ps5cl": {
        "formula": "Li6PS5Cl",
        "z": 4.0,
        "a": 9.898,
        "b": 9.898,
        "c": 9.898,
        "space_group": "F-43m",
        "space_group_number": 216.0,
    },
    "li3po4-gamma": {
        "formula": "Li3PO4",
        "z": 4.0,
        "a": 10.4772,
        "b": 6.1179,
        "c": 4.9297,
        "space_group": "Pnma",
        "space_group_number": 62.0,
    },
}
VOLUME = {"llzo-cubic": 2180.8159, "lgps": 952.3490, "li6ps5cl": 969.7111, "li3po4-gamma": 315.9862}
"""Product of the three edges, Å³."""
COUNTS = {
    "llzo-cubic": (192, 96, 56),
    "lgps": (50, 24, 20),
    "li6ps5cl": (52, 24, 24),
    "li3po4-gamma": (32, 16, 12),
}
"""Atoms, anions and Li in the cell."""
CUBED_RADII = {
    # Li 0.9, La 1.172, Zr 0.86, O 1.26 Å
    "llzo-cubic": 56 * 0.9**3 + 24 * 1.172**3 + 16 * 0.86**3 + 96 * 1.26**3,
    # Ge 0.77, P 0.55, S 1.7 Å
    "lgps": 20 * 0.9**3 + 2 * 0.77**3 + 4 * 0.55**3 + 24 * 1.7**3,
    # Cl 1.67 Å
    "li6ps5cl": 24 * 0.9**3 + 4 * 0.55**3 + 20 * 1.7**3 + 4 * 1.67**3,
    "li3po4-gamma": 12 * 0.9**3 + 4 * 0.55**3 + 16 * 1.26**3,
}
SHAPE = {
    # middle/shortest, longest, order of the point group, crystal system, shortest, middle
    "llzo-cubic": (1.0, 12.968, 48, 7, 12.968, 12.968),
    "lgps": (1.0, 12.5994, 16, 4, 8.69407, 8.69407),
    "li6ps5cl": (1.0, 9.898, 24, 7, 9.898, 9.898),
    "li3po4-gamma": (1.241029, 10.4772, 8, 3, 4.9297, 6.1179),
}


def worked_by_hand(name: str) -> dict[str, float]:
    volume, (atoms, anions, lithium) = VOLUME[name], COUNTS[name]
    filled = 4 / 3 * math.pi * CUBED_RADII[name]
    ratio, longest, order, system, shortest, middle = SHAPE[name]
    return {
        "volume_per_atom_a3": volume / atoms,
        "volume_per_anion_a3": volume / anions,
        "li_per_a3": lithium / volume,
        "packing_fraction": filled / volume,
        "free_volume_per_anion_a3": (volume - filled) / anions,
        "middle_to_shortest": ratio,
        "log_longest": math.log10(longest),
        "log_point_group_order": math.log10(order),
        "crystal_system": system,
        "log_shortest": math.log10(shortest),
        "log_middle": math.log10(middle),
        "smallest_angle": 90,
        "largest_angle": 90,
        "log_atoms_in_cell": math.log10(atoms),
        "log_li_in_cell": math.log10(1 + lithium),
    }


@pytest.fixture(scope="module")
def crystals() -> dict[str, Structure]:
    structures = load_structures().set_index("source_id")["cif"]
    return {name: read_cif(structures[name]) for name in TABLE}


def one(row: dict, crystals: dict[str, Structure] | None = None) -> tuple[pd.Series, list[str]]:
    numbers, failures = cell(electrolytes_table({"electrolyte_id": "one"} | ANGLES | row), crystals or {})
    return numbers.iloc[0], [failure.reason for failure in failures]


@pytest.mark.parametrize("name", TABLE)
def test_a_table_gives_the_numbers_worked_by_hand(name: str) -> None:
    numbers, failures = one(TABLE[name])
    assert failures == []
    assert numbers["cell_origin"] == CellOrigin.TABLE
    assert numbers[CELL_COLUMNS].to_dict() == pytest.approx(worked_by_hand(name), rel=1e-5)


@pytest.mark.parametrize("name", TABLE)
def test_a_crystal_gives_the_numbers_worked_by_hand(name: str, crystals: dict[str, Structure]) -> None:
    numbers, failures = one(TABLE[name] | {"z": 99.0}, {"one": crystals[name]})
    assert failures == []
    assert numbers["cell_origin"] == CellOrigin.STRUCTURE
    # Rounded occupancies make up the formula to a thousandth.
    assert numbers[CELL_COLUMNS].to_dict() == pytest.approx(worked_by_hand(name), rel=2e-3)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize(
    "axes",
    [
        pytest.param([[0, 1, 0], [0, 0, 1], [1, 0, 0]], id="renamed"),
        pytest.param([[1, 1, 0], [0, 1, 0], [0, 1, 1]], id="oblique"),
        pytest.param([[1, 0, 0], [0, 2, 0], [0, 0, 1]], id="doubled"),
    ],
)
def test_any_cell_of_a_crystal_gives_the_same(
    name: str, axes: list[list[int]], crystals: dict[str, Structure]
) -> None:
    expected, _ = crystal_features(crystals[name])
    found, failure = crystal_features(crystals[name].make_supercell(axes, in_place=False))
    assert failure is None
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["llzo-cubic", "li6ps5cl"])
def test_the_primitive_cell_of_a_crystal_gives_the_same(name: str, crystals: dict[str, Structure]) -> None:
    primitive = crystals[name].get_primitive_structure()
    assert len(primitive) < len(crystals[name])
    assert crystal_features(primitive)[0] == pytest.approx(crystal_features(crystals[name])[0], rel=1e-6)


@settings(deadline=None, max_examples=25)  # a busy machine is no failure
@given(st.lists(st.integers(-2, 2), min_size=9, max_size=9), st.randoms(use_true_random=False))
def test_any_cell_of_a_monoclinic_crystal_gives_the_same(axes: list[int], random: object) -> None:
    crystal = Structure.from_spacegroup(
        "P2_1/c",
        Lattice.monoclinic(5.1, 7.3, 6.2, 112),
        ["Li", "O"],
        [[0.11, 0.23, 0.31], [0.42, 0.07, 0.18]],
    )
    matrix = np.array(axes).reshape(3, 3)
    if not 1 <= abs(round(np.linalg.det(matrix))) <= 3:
        return
    other = crystal.make_supercell(matrix, in_place=False)
    order = list(range(len(other)))
    random.shuffle(order)  # type: ignore[attr-defined]
    other = Structure.from_sites([other[number] for number in order])
    assert crystal_features(other)[0] == pytest.approx(crystal_features(crystal)[0], rel=1e-6)


def test_a_formula_alone_is_imputed_and_says_so() -> None:
    rows = [{"electrolyte_id": name} | ANGLES | TABLE[name] for name in TABLE]
    numbers, failures = cell(electrolytes_table(*rows, {"electrolyte_id": "alone", "formula": "Li3PO4"}), {})
    assert failures == []
    alone = numbers.set_index("electrolyte_id").loc["alone"]
    assert alone["cell_origin"] == CellOrigin.COMPOSITION
    assert not alone[CELL_COLUMNS].isna().any()


def test_a_row_without_a_cell_has_that_of_its_prototype(crystals: dict[str, Structure]) -> None:
    rows = [{"electrolyte_id": name} | ANGLES | TABLE[name] for name in ("lgps", "llzo-cubic")]
    alone = {"electrolyte_id": "alone", "formula": "Li3PO4"}
    prototypes = {"alone": crystals["li3po4-gamma"], "lgps": crystals["llzo-cubic"]}
    table = electrolytes_table(*rows, alone)
    without, _ = cell(table, {})
    numbers, failures = cell(table, {}, prototypes=prototypes)
    assert failures == []
    assert numbers["cell_origin"].tolist() == [CellOrigin.TABLE, CellOrigin.TABLE, CellOrigin.PROTOTYPE]
    assert numbers.loc[2, CELL_COLUMNS].to_dict() == pytest.approx(worked_by_hand("li3po4-gamma"), rel=1e-5)
    pd.testing.assert_frame_equal(numbers[:2], without[:2])  # a cell of its own comes first


def test_cells_of_prototypes_teach_the_imputer_nothing(crystals: dict[str, Structure]) -> None:
    rows = [{"electrolyte_id": name} | ANGLES | TABLE[name] for name in ("lgps", "llzo-cubic")]
    others = [{"electrolyte_id": name, "formula": "Li3PO4"} for name in ("placed", "imputed")]
    table = electrolytes_table(*rows, *others)
    without, _ = cell(table, {})
    numbers, _ = cell(table, {}, prototypes={"placed": crystals["li3po4-gamma"]})
    assert numbers.loc[3, CELL_COLUMNS].tolist() == without.loc[3, CELL_COLUMNS].tolist()


def test_the_imputer_follows_the_composition() -> None:
    formulas = pd.Series({"a": "Li2O", "b": "Li2O", "c": "LiI", "d": "LiI", "x": "Li2O", "y": "LiI"})
    known = pd.DataFrame(1.0, index=list("abcd"), columns=CELL_COLUMNS)
    known.loc[["c", "d"]] = 3.0
    filled = CellImputer.fit(formulas, known).fill(formulas, known.reindex(formulas.index))
    assert filled.loc["x"].to_numpy() == pytest.approx(1.0)
    assert filled.loc["y"].to_numpy() == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"z": math.nan}, "the table gives a cell and no Z"),
        ({"space_group_number": math.nan}, "the table gives a cell and no space group"),
        ({"a": 7.0}, "the lattice constants do not fit the space group Ia-3d"),
        ({"alpha": 180.0}, "the lattice constants enclose no volume"),
    ],
)
def test_a_cell_that_cannot_be_used_says_why(change: dict, reason: str) -> None:
    numbers, failures = one(TABLE["llzo-cubic"] | change)
    assert failures == [f"{reason}; imputed from the composition"]
    assert numbers["cell_origin"] in (CellOrigin.COMPOSITION, CellOrigin.TABLE_IN_PART)


def test_a_crystal_that_leaves_atoms_out_gives_way_to_the_table(crystals: dict[str, Structure]) -> None:
    without_lithium = crystals["lgps"].copy()
    without_lithium.remove_species(["Li"])
    numbers, _ = one(TABLE["lgps"], {"one": without_lithium})
    assert numbers["cell_origin"] == CellOrigin.TABLE
    assert numbers["li_per_a3"] == pytest.approx(20 / VOLUME["lgps"], rel=1e-5)


def test_a_crystal_too_large_for_the_search_of_symmetry_keeps_its_volume() -> None:
    crystal = rock_salt().make_supercell([6, 6, 4], in_place=False)
    numbers, failure = crystal_features(crystal)
    assert failure == "the crystal has more than 1000 sites"
    assert numbers["volume_per_atom_a3"] == pytest.approx(5.13**3 / 8)
    assert math.isnan(numbers["crystal_system"])


def test_what_one_row_does_costs_that_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = electrolytes_table(
        *({"electrolyte_id": name} | ANGLES | TABLE[name] for name in ("lgps", "llzo-cubic"))
    )
    expected, _ = cell(whole, {})
    real = cell_module._table_features

    def table_features(row: dict[str, object], composition: Composition) -> object:
        if row["electrolyte_id"] == "lgps":
            raise RuntimeError("spglib fell over")
        return real(row, composition)

    monkeypatch.setattr(cell_module, "_table_features", table_features)
    found, failures = cell(whole, {})
    assert [(failure.electrolyte_id, failure.descriptor) for failure in failures] == [("lgps", "cell")]
    assert found["cell_origin"].tolist() == [CellOrigin.COMPOSITION, CellOrigin.TABLE]
    pd.testing.assert_frame_equal(found[1:], expected[1:])
    assert found.loc[0, CELL_COLUMNS].notna().all()
