"""Records that ship with the project or lie with a run."""

import json
from pathlib import Path

import pytest
from pymatgen.core import Composition

from sse_assets.generation.records import SHIPPED, found_structures, read_record, shipped_formulas
from sse_assets.materials.crystal import read_cif
from sse_assets.materials.formula import largest_difference
from sse_assets.tables import generated


def write(folder: Path, formula: str, *, valid: bool) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{formula}.json").write_text(json.dumps({"structure": {"formula": formula, "valid": valid}}))
    (folder / f"{formula}.cif").write_text(f"{formula} in {folder.name}")


def test_structures_that_held_are_known_to_later_searches(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write(one, "Li3N", valid=True)
    write(one, "Li2O", valid=False)
    write(other, "Li3N", valid=True)
    write(other, "Li2S", valid=True)
    (other / "Li2S_candidates.csv").write_text("x")
    (one / "LiF.json").write_text(json.dumps({"structure": {"valid": False}}))  # nothing was found
    found = found_structures([one, other])
    assert found["structure_id"].tolist() == ["generated:Li3N", "generated:Li2S"]
    assert found["cif"].tolist() == ["Li3N in one", "Li2S in other"]
    assert found_structures([one, other], without="Li3N")["formula"].tolist() == ["Li2S"]
    assert found_structures([]).empty


@pytest.mark.parametrize("formula", shipped_formulas())
def test_a_shipped_record_is_whole(formula: str) -> None:
    record = read_record(SHIPPED, formula)
    assert record is not None
    assert list(record.structure) == [column.name for column in generated.FOUND]
    generated.SEARCH_HISTORY.check(record.candidates)
    generated.DYNAMICS.check(record.dynamics)
    assert set(record.dynamics["conditions"]) == {"search", "ambient"}
    cell = read_cif(record.structure["cif"]).composition.element_composition
    _, off = largest_difference(cell, Composition(formula))
    assert abs(off) == pytest.approx(record.structure["composition_difference"], abs=1e-5)
    assert abs(off) <= 0.01
