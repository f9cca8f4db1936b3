"""The nearest measured materials, on four rows whose distances are worked by hand."""

import pandas as pd
import pytest

from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.screening.measured import MeasuredMaterials

FORMULAS = {"a:1": "LiCl", "a:2": "LiBr", "b:1": "LiCl", "b:2": "Li2S"}
ROWS = pd.DataFrame(
    {
        "electrolyte_id": list(FORMULAS),
        "formula": list(FORMULAS.values()),
        "composition_key": [composition_key(parse_composition(text)) for text in FORMULAS.values()],
        "sigma_s_cm": [1e-8, 1e-7, 1e-6, 1e-9],
        "censored": [True, False, False, False],
        "doi": ["10.1/x", None, "10.1/y", "10.1/z"],
        "space_group": None,
        "family": ["Halide", "Halide", None, "Sulfide"],
        "structure_origin": ["prototype", None, "obelix", None],
        "structure_path": ["structures/a.cif", None, "structures/b.cif", None],
    }
)


def test_the_same_composition_comes_first_and_its_crystal_before() -> None:
    measured = MeasuredMaterials.of(ROWS, {"a:1", "a:2"})
    (found,) = measured.nearest([parse_composition("LiCl")], n=3)
    assert [one.electrolyte_id for one in found] == ["b:1", "a:1", "a:2"]
    assert [one.distance for one in found] == pytest.approx([0, 0, 1.0])  # half Cl away, half Br to it
    assert [one.same_composition for one in found] == [True, True, False]
    assert [one.trained for one in found] == [False, True, True]
    assert found[0].structure == "structures/b.cif"
    assert found[1].structure is None  # a prototype counts as no crystal
    assert found[1].sentence == "LiCl: < 1.0e-08 S/cm, 10.1/x"
    assert found[2].sentence == "LiBr: 1.0e-07 S/cm, a:2, no DOI"


def test_no_measurement_of_the_same_composition_is_left_out() -> None:
    (found,) = MeasuredMaterials.of(ROWS, None).nearest([parse_composition("Li3Cl3")], n=1)
    assert [one.electrolyte_id for one in found] == ["b:1", "a:1"]
    assert all(one.trained for one in found)


def test_the_family_is_that_of_the_nearest_row_that_has_one_and_is_near() -> None:
    measured = MeasuredMaterials.of(ROWS, None)
    families = [
        measured.family_of(nearest)
        for nearest in measured.nearest([parse_composition(text) for text in ("LiCl", "Li2S", "Li3N")], n=4)
    ]
    assert families == ["Halide", "Sulfide", None]  # Li3N is half an atom in two from Li2S


def test_more_compositions_than_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = MeasuredMaterials.of(ROWS, None)
    asked = [parse_composition(text) for text in ("LiCl", "LiBr", "Li2S", "LiI", "Li2O")]
    whole = measured.nearest(asked)
    monkeypatch.setattr("sse_assets.screening.measured._ROWS_AT_A_TIME", 2)
    assert measured.nearest(asked) == whole
