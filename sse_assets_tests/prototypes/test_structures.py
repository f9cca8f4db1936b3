"""The table of structures, with each reason for which one is not trusted."""

import pandas as pd
import pytest
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.crystal import read_crystal
from sse_assets.materials.symmetry import symmetry_dataset
from sse_assets.prototypes import structures as module
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.mapping import target
from sse_assets.prototypes.stored_library import Library
from sse_assets.prototypes.structures import (
    placed_alone,
    prototype_structures,
    read_prototypes,
    volume_model,
)
from sse_assets.sources.sample import load_structures
from sse_assets.tables import generated
from sse_assets.tables.names import Reason
from sse_assets_tests.prototypes.crystal_examples import (
    ANTIPEROVSKITE,
    FLUORITE,
    LAYERED,
    LITHIUM_CHLORIDE,
    LITHIUM_OXIDE,
    PEROVSKITE,
    known,
    rows_table,
)

LIBRARY = [
    known(ANTIPEROVSKITE, "x:li3ocl", doi="10.1/a"),
    known(FLUORITE, "x:caf2"),
    known(LITHIUM_CHLORIDE, "x:licl"),
    known(LITHIUM_OXIDE, "x:li2o"),
]
CUBIC = {"a": 4.02, "b": 4.02, "c": 4.02, "alpha": 90.0, "beta": 90.0, "gamma": 90.0}
LI3OBR = {"formula": "Li3OBr", "z": 1.0, "space_group": "Pm-3m", "space_group_number": 221.0} | CUBIC


def table(*rows: dict) -> pd.DataFrame:
    chooser = Chooser(LIBRARY)
    made = prototype_structures(rows_table(*rows), chooser, volume_model(chooser.prototypes))
    generated.PROTOTYPES.check(made)
    return made


def one(**row: object) -> pd.Series:
    return table(row).iloc[0]


def test_a_near_relative_is_trusted_with_its_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRUSTED_COST", 0.5)
    found = one(formula="Li3OCl0.9F0.1", family="Anti-perovskite (Halide)")
    assert found["trusted"]
    assert pd.isna(found["reason_code"])
    assert found["parent_id"] == "x:li3ocl"
    assert found["parent_doi"] == "10.1/a"
    assert 0 < found["cost_per_anion"] < 0.5
    assert "Cl 0.9" in found["mapping"]
    again = read_crystal(found["cif"])
    assert again.composition.get_atomic_fraction("F") == pytest.approx(0.02, abs=1e-3)
    assert found["structure_path"] == "structures/prototype/x%3A0.cif"


def test_a_dear_substitution_is_made_and_not_trusted() -> None:
    found = one(formula="LiI")
    assert not found["trusted"]
    assert found["reason_code"] == Reason.COSTLY_SUBSTITUTION
    assert "for each anion, 0.25 at most" in found["reason"]
    assert isinstance(found["cif"], str)


def test_a_cell_of_its_own_is_kept() -> None:
    found = one(**LI3OBR)
    assert found["cell_given"]
    assert found[["a", "b", "c"]].tolist() == [4.02, 4.02, 4.02]


@pytest.mark.parametrize(
    "other",
    [
        {"a": 4.6, "b": 4.6, "c": 4.6},
        {"z": 2.0},
        {"space_group": "P4/mmm", "space_group_number": 123.0},
        {"space_group": "Fm-3m", "space_group_number": float("nan")},
    ],
)
def test_a_cell_that_no_prototype_has_is_not_trusted(other: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRUSTED_COST", 5.0)
    assert one(**LI3OBR)["trusted"]
    found = one(**LI3OBR | other)
    assert not found["cell_given"]
    assert found["reason_code"] == Reason.OTHER_CELL


def test_a_glass_is_never_trusted() -> None:
    assert one(formula="LiCl", family="Glass")["reason_code"] == Reason.GLASS


def test_an_element_that_no_prototype_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRUSTED_COST", 50.0)
    found = one(formula="NaCl")
    assert found["reason_code"] == Reason.UNKNOWN_ELEMENT
    assert "how large Na is" in found["reason"]


def test_hydrogen_without_a_place_leaves_no_structure() -> None:
    found = one(formula="Li2OHCl")
    assert found["reason_code"] == Reason.NO_PROTOTYPE
    assert pd.isna(found["cif"])
    assert not found["trusted"]


def test_overlapping_atoms_are_not_trusted() -> None:
    found = one(**LI3OBR | dict.fromkeys("abc", 4.02))
    assert found["reason_code"] != Reason.OVERLAPPING_ATOMS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            module,
            "substituted",
            lambda mapping, volumes: module.in_cell(mapping, ANTIPEROVSKITE.lattice.scale(9)),
        )
        assert one(formula="Li3OCl")["reason_code"] == Reason.OVERLAPPING_ATOMS


def test_an_alloy_has_no_prototype() -> None:
    assert one(formula="LiAl")["reason_code"] == Reason.NO_PROTOTYPE


def test_what_one_row_does_costs_that_row_alone() -> None:
    found = table({"formula": "LiCl"}, {"formula": "no formula"}, {"formula": "Li2O"})
    assert found["trusted"].tolist() == [True, False, True]
    assert found.loc[1, "reason_code"] == Reason.FAILED


def test_crystals_that_lack_atoms_and_broken_ones_are_no_prototypes() -> None:
    sample = load_structures().iloc[:2].assign(doi=None, family="Garnet (Oxide)")
    wrong = sample.iloc[[0]].assign(structure_id="wrong", formula="NaCl")
    broken = sample.iloc[[0]].assign(structure_id="broken", cif="data_x")
    read, unusable = read_prototypes(pd.concat([sample, wrong, broken]))
    assert [parent.source.structure_id for parent in read] == sample["structure_id"].tolist()
    assert unusable["wrong"].startswith("it lacks atoms")
    assert unusable["broken"].startswith("it could not be read")
    assert {parent.source.family for parent in read} == {"Garnet (Oxide)"}


def test_volumes_come_from_crystals_and_not_from_types() -> None:
    from sse_assets.prototypes.aflow import aflow_prototypes

    assert set(volume_model([*LIBRARY, *aflow_prototypes()]).volumes) == {"Li", "O", "Cl", "Ca", "F"}


def test_the_cell_of_a_placed_formula_is_the_one_that_spglib_finds() -> None:
    library = Library.of([known(ANTIPEROVSKITE), known(PEROVSKITE), known(LAYERED)])
    for formula in ("Li3OBr", "Li3OCl0.9Br0.1", "Li0.2La0.6TiO3", "LiNaBr2"):
        made = placed_alone(target(Composition(formula)), library.chooser, library.volumes)
        assert made is not None
        assert made.standard_lattice is not None
        found = symmetry_dataset(made.structure)
        assert found is not None
        assert found.number == made.mapping.prototype.space_group_number
        expected = Lattice(found.std_lattice).parameters
        assert made.standard_lattice.parameters == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("formula", "parent"), [("LiBr", LAYERED), ("WO3", PEROVSKITE)])
def test_a_crystal_that_may_have_a_higher_symmetry_is_looked_at(formula: str, parent: Structure) -> None:
    """Li fills both layers, or an orbit is empty."""
    library = Library.of([known(parent)])
    made = placed_alone(target(Composition(formula)), library.chooser, library.volumes)
    assert made is not None
    assert made.standard_lattice is None
