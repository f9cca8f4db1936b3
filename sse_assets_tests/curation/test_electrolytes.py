import math
from pathlib import Path

import pandas as pd
import pytest

from sse_assets.curation.electrolytes import (
    CuratedElectrolytes,
    curate_electrolytes,
    with_cells,
    with_crystals,
    with_prototypes,
)
from sse_assets.curation.measurements import curate_measurements
from sse_assets.sources import obelix
from sse_assets.tables import curated as curated_tables
from sse_assets.tables import generated
from sse_assets_tests.curation.rows import formula_only, frame, li2o, measurement, structure


def curate(
    measurements: list[dict[str, object]],
    structures: list[dict[str, object]],
    roles: dict[str, str] | None = None,
) -> CuratedElectrolytes:
    accepted, _ = curate_measurements(frame(*measurements))
    columns = list(structure())
    return curate_electrolytes(accepted, pd.DataFrame(structures, columns=columns), roles or {})


def test_a_measurement_takes_its_own_structure_and_cell() -> None:
    curated = curate([measurement(formula="Li2O", z=4.0)], [structure()], {"obelix:abc": "test"})
    row = curated.electrolytes.iloc[0]
    assert row["a"] == pytest.approx(4.62)  # of the CIF, not of the table
    assert (row["space_group"], row["space_group_number"]) == ("Fm-3m", 225)
    assert row["disorder"] == "No disorder"
    assert row["structure_origin"] == "obelix"
    assert row["structure_path"] == "structures/obelix/abc.cif"
    assert row["official_role"] == "test"
    assert pd.isna(row["structure_note"])
    assert curated.structures["cif"].item() == li2o()


def test_without_a_structure_the_tables_cell_and_space_group_stay() -> None:
    row = curate([measurement(space_group="P21/c")], []).electrolytes.iloc[0]
    assert row["a"] == 12.9
    assert row["space_group_number"] == 14
    assert pd.isna(row["structure_origin"])
    assert pd.isna(row["disorder"])


@pytest.mark.parametrize(
    ("stated", "symbol", "number"),
    [("P21/n", "P21/c", 14), ("P42/nmcZ", "P42/nmc", 137), ("cubic", "cubic", math.nan)],
)
def test_a_tables_space_group_is_read_in_any_setting(stated: str, symbol: str, number: float) -> None:
    row = curate([measurement(space_group=stated)], []).electrolytes.iloc[0]
    assert row["space_group"] == symbol
    assert row["space_group_number"] == pytest.approx(number, nan_ok=True)


def reference(origin: str, structure_id: str) -> dict[str, object]:
    return structure(origin=origin, structure_id=structure_id, source_id=None)


def test_a_formula_alone_takes_a_reference_structure_measured_before_generated() -> None:
    references = [reference("generated", "generated:li2o"), reference("oqmd", "oqmd:7")]
    curated = curate([formula_only(formula="Li4O2")], references)
    assert curated.electrolytes["structure_origin"].tolist() == ["oqmd"]
    assert curated.structures["structure_path"].tolist() == ["structures/oqmd/7.cif"]


def test_a_generated_cell_is_for_the_formula_that_it_rounds() -> None:
    cell = reference("generated", "generated:Li2O") | {"formula": "Li1.99O"}
    curated = curate([formula_only(formula="Li1.99O"), formula_only(formula="Li2O", source_id="2")], [cell])
    alone = curated.electrolytes.set_index("formula")["formula_only"]
    assert alone.to_dict() == {"Li1.99O": False, "Li2O": True}


def test_formula_units_are_counted_where_the_table_gives_none() -> None:
    curated = curate([formula_only(formula="Li2O")], [reference("generated", "generated:Li2O")])
    assert curated.electrolytes["z"].tolist() == [4]
    odd = curate([formula_only(formula="Li3.5O1.75")], [reference("generated", "generated:Li2O")])
    assert odd.electrolytes["z"].isna().all()  # 12 atoms are no whole number of 5.25
    own = curate([measurement(formula="Li2O", z=2.0)], [structure()])
    assert own.electrolytes["z"].tolist() == [2]  # a table's count stands


def test_a_structure_id_cannot_lead_out_of_its_folder() -> None:
    curated = curate([formula_only(formula="Li2O")], [reference("oqmd", "oqmd:../../../evil")])
    assert curated.structures["structure_path"].item() == "structures/oqmd/..%2F..%2F..%2Fevil.cif"


def test_a_formula_without_any_structure_stays_and_is_marked() -> None:
    curated = curate([formula_only(), measurement(formula="Li2O")], [])
    assert curated.rejected.empty
    assert curated.electrolytes["formula_only"].tolist() == [True, False]
    assert with_cells(curated.electrolytes)["formula"].tolist() == ["Li2O"]


def test_a_row_that_repeats_a_material_takes_no_crystal() -> None:
    rows = [formula_only(formula="Li2O"), formula_only(formula="Li2O", source_id="2", doi="10.1/other")]
    curated = curate(rows, [reference("materials_project", "mp-1960")])
    assert curated.electrolytes["formula_only"].tolist() == [False, True]
    assert curated.structures["electrolyte_id"].tolist() == ["liion:1"]


def test_a_glass_takes_no_crystal_of_the_same_formula() -> None:
    curated = curate(
        [formula_only(formula="Li2O", reported_family="Glass")], [reference("materials_project", "mp-1960")]
    )
    assert curated.electrolytes["formula_only"].tolist() == [True]
    assert curated.structures.empty


def test_a_truncated_cif_costs_the_structure_and_not_the_row() -> None:
    curated = curate([measurement()], [structure(cif=li2o()[:200])])
    assert len(curated.electrolytes) == 1
    assert curated.structures.empty
    refusal = curated.rejected.iloc[0]
    assert (refusal["source"], refusal["source_id"]) == ("obelix", "abc")
    assert "obelix:abc: the CIF cannot be read" in refusal["reason"]
    assert "its row stands with its unit cell or its formula alone" in refusal["reason"]


def test_a_cif_without_li_is_flagged() -> None:
    lines = [line for line in li2o().splitlines() if " Li" not in line and "Li8" not in line]
    cif = "\n".join(lines)
    curated = curate([measurement(formula="Li2O", z=4.0)], [structure(cif=cif)])
    assert curated.electrolytes["structure_note"].item() == "the CIF holds no Li"


def test_a_cif_of_another_composition_is_flagged() -> None:
    # Half of the Li is missing: a half instead of two thirds of the atoms.
    curated = curate([measurement(formula="Li2O", z=4.0)], [structure(cif=li2o(occupancy=0.5))])
    assert "0.167" in curated.electrolytes["structure_note"].item()


def test_obelix_has_the_published_disorder_and_the_known_flaws(data_mirror: Path) -> None:
    accepted, _ = curate_measurements(obelix.read_measurements(data_mirror / "obelix" / "all.csv"))
    structures = obelix.read_structures(data_mirror / "obelix" / "all_cifs.tar.gz")
    electrolytes = curate_electrolytes(accepted, structures, {}).electrolytes
    assert electrolytes["disorder"].value_counts().to_dict() == {
        "Li cation and Other atom disorder": 195,
        "No disorder": 72,
        "Li cation disorder": 32,
        "Other atom disorder": 22,
    }
    # Table 4's example.
    example = electrolytes.set_index("electrolyte_id").loc["obelix:ei3"]
    assert (example["reduced_formula"], example["space_group"]) == ("Li3YCl6", "P-3m1")
    assert example["disorder"] == "Li cation and Other atom disorder"
    without_li = electrolytes[electrolytes["structure_note"] == "the CIF holds no Li"]
    known = {"5tl", "b4c", "cy2", "hta", "s3h", "u2y", "u8r"}
    assert set(without_li["electrolyte_id"].str.removeprefix("obelix:")) == known
    assert electrolytes["space_group_number"].notna().all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"z": 0.0}, "Z is 0: a cell holds a positive number"),
        ({"z": -4.0}, "Z is -4"),
        ({"alpha": 10.0, "beta": 10.0, "gamma": 150.0}, "no cell has the angles 10, 10 and 150"),
        ({"alpha": 1.5708, "beta": 1.5708, "gamma": 1.5708}, "radians"),
        ({"a": 0.0}, "a is 0: a length is a positive number"),
        ({"a": 1.29, "b": 0.8, "c": 0.61}, "in nm"),
        ({"z": 80.0}, "tell of no solid"),
        ({"z": "four"}, "could not be curated (TypeError"),
    ],
)
def test_a_row_that_cannot_be_or_that_raises_costs_itself_alone(changes: dict, reason: str) -> None:
    rows = [measurement(**{"source_id": "odd"} | changes), measurement()]
    curated = curate(rows, [])
    assert curated.electrolytes["electrolyte_id"].tolist() == ["obelix:abc"]
    [refusal] = curated.rejected.to_dict("records")
    assert refusal["source_id"] == "odd"
    assert reason in refusal["reason"]


def test_a_structure_on_which_the_reader_fails_costs_itself_alone() -> None:
    odd = structure(cif=None, source_id="odd", structure_id="obelix:odd")
    curated = curate([measurement(formula="Li2O", z=4.0)], [odd, structure()])
    assert curated.electrolytes["structure_origin"].tolist() == ["obelix"]
    assert "obelix:odd: it cannot be read (" in curated.rejected["reason"].item()


def test_a_reference_with_a_formula_that_is_none_costs_itself_alone() -> None:
    references = [reference("oqmd", "oqmd:1") | {"formula": "?"}, reference("oqmd", "oqmd:2")]
    curated = curate([formula_only(formula="Li2O")], references)
    assert curated.structures["structure_id"].tolist() == ["oqmd:2"]
    assert "oqmd:1" in curated.rejected["reason"].item()


def test_a_structure_of_another_compound_is_not_used() -> None:
    salt = li2o().replace("Li Li1", "Na Na1").replace("O O1", "Cl Cl1")
    with_cell = curate([measurement()], [structure(cif=salt)])
    assert with_cell.electrolytes["a"].tolist() == [12.9]
    assert pd.isna(with_cell.electrolytes["structure_origin"]).all()
    assert "another compound" in with_cell.rejected["reason"].item()
    assert "its table's unit cell is used instead" in with_cell.rejected["reason"].item()
    alone = curate([formula_only(source="inbox", source_id="abc")], [structure(origin="inbox", cif=salt)])
    assert alone.electrolytes.empty
    assert "name another CIF" in alone.rejected["reason"].item()


def test_remarks_of_the_reader_are_kept_in_the_note() -> None:
    cif = li2o().replace("loop_", "_cell_volume 120\nloop_", 1)
    curated = curate([measurement(formula="Li2O", z=4.0)], [structure(cif=cif)])
    assert "the CIF says 120 Å³" in curated.electrolytes["structure_note"].item()
    assert curated.electrolytes["structure_remarks"].item() == "volume"


def test_z_is_the_one_that_the_cif_states_where_its_li_is_missing() -> None:
    lines = [line for line in li2o().splitlines() if " Li" not in line or line.startswith("data")]
    stated = "\n".join(lines).replace(
        "loop_", "_chemical_formula_sum 'Li2 O'\n_cell_formula_units_Z 4\nloop_", 1
    )
    row = measurement(formula="Li2O", z=float("nan"))
    assert curate([row], [structure(cif=stated)]).electrolytes["z"].tolist() == [4]
    silent = curate([row], [structure(cif="\n".join(lines))])
    assert silent.electrolytes["z"].isna().all()


def test_a_generated_structure_is_for_the_sources_that_were_searched_for() -> None:
    rows = [formula_only(formula="Li2O", source=source) for source in ("sample", "inbox")]
    found = reference("generated", "generated:Li2O")
    labelled_rows, _ = curate_measurements(frame(*rows))
    curated = curate_electrolytes(labelled_rows, frame(found), {}, ["sample"])
    assert with_cells(curated.electrolytes)["electrolyte_id"].tolist() == ["sample:1"]
    assert len(with_cells(curate_electrolytes(labelled_rows, frame(found), {}).electrolytes)) == 2


def placed(*rows: tuple[str, bool]) -> pd.DataFrame:
    """Prototypes of some electrolytes, each with whether it is trusted."""
    return generated.PROTOTYPES.frame(
        {
            "electrolyte_id": electrolyte_id,
            "trusted": trusted,
            "signs_reversed": False,
            "cell_given": False,
            "structure_origin": "prototype",
            "structure_path": f"structures/prototype/{electrolyte_id}.cif",
            "cost_per_anion": 0.1,
            "parent_id": "obelix:parent",
            "disorder": "Li cation disorder",
            "a": 99.0,
        }
        for electrolyte_id, trusted in rows
    )


def joined() -> pd.DataFrame:
    """A row with a crystal, one with a cell of its table alone, and two with a formula alone."""
    rows = [measurement(formula="Li2O", z=4.0), measurement(source_id="cell", doi="10.1/b")]
    alone = [formula_only(source_id=name, formula=name, doi=name) for name in ("LiF", "LiCl")]
    return curate([*rows, *alone], [structure()]).electrolytes.set_index("electrolyte_id", drop=False)


def test_a_trusted_prototype_is_named_with_its_evidence_and_changes_nothing_else() -> None:
    before = joined()
    _, cell, fluoride, chloride = before.index
    after = with_prototypes(
        before.reset_index(drop=True), placed((cell, True), (fluoride, True), (chloride, False))
    )
    assert list(after.columns) == curated_tables.ELECTROLYTES.names
    curated_tables.ELECTROLYTES.check(after)
    named = after.set_index("electrolyte_id")
    assert named["structure_origin"].fillna("none").tolist() == ["obelix", "prototype", "prototype", "none"]
    assert named.loc[fluoride, ["cost_per_anion", "parent_id"]].tolist() == [0.1, "obelix:parent"]
    assert named.loc[cell, "structure_path"] == f"structures/prototype/{cell}.cif"
    assert named.loc[[before.index[0], chloride], ["cost_per_anion", "parent_id"]].isna().all(axis=None)
    same = [name for name in before if name not in ("structure_origin", "structure_path")]
    pd.testing.assert_frame_equal(after[same], before[same].reset_index(drop=True))


def test_a_prototype_is_no_crystal_and_no_cell() -> None:
    before = joined()
    after = with_prototypes(before.reset_index(drop=True), placed(*((key, True) for key in before.index[1:])))
    assert with_crystals(after)["electrolyte_id"].tolist() == [before.index[0]]
    assert with_cells(after)["electrolyte_id"].tolist() == before.index[:2].tolist()


def test_a_prototype_never_takes_the_place_of_a_crystal() -> None:
    before = joined()
    with pytest.raises(ValueError, match=f"{before.index[0]} has a crystal and a prototype"):
        with_prototypes(before.reset_index(drop=True), placed((before.index[0], True)))
