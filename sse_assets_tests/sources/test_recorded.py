import csv
import hashlib
from pathlib import Path

import pandas as pd
import pytest

from sse_assets.materials.crystal import CifError, read_cif
from sse_assets.sources.columns import SourceError
from sse_assets.sources.recorded import read_snapshot, record_snapshot
from sse_assets.tables import raw


def references() -> pd.DataFrame:
    """Three structures as a query gives them; what their texts say does not matter here."""
    cifs = ["data_one\n", "data_two\n", "data_three\r\n"]
    return raw.REFERENCE_STRUCTURES.frame(
        pd.DataFrame(
            {
                "origin": ["materials_project", "materials_project", "oqmd"],
                "structure_id": ["mp-2", "mp-10", "oqmd:5"],
                "source_id": None,
                "formula": ["Li10Ge(PS6)2", "Li10Ge(PS6)2", "LiF"],
                "cif": cifs,
                "sha256": [hashlib.sha256(cif.encode()).hexdigest() for cif in cifs],
                "licence": "CC BY 4.0",
                "provenance": 'a database, "entry", of today',
                "rank": [1, 2, 1],
                "space_group": ["P42mc", None, "Fm-3m"],
                "volume_per_atom": [19.549, 20.25, 8.18],
            }
        )
    )


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    record_snapshot(references(), tmp_path / "snapshot")
    back = read_snapshot(tmp_path / "snapshot", ["LiF", "Li20Ge2P4S24", "LiCl", "no formula"])
    assert back.warnings == []
    assert back.queried == 3
    pd.testing.assert_frame_equal(back.structures, references())
    assert (tmp_path / "snapshot" / "Li10Ge_PS6_2__mp-2.cif").read_bytes() == b"data_one\n"
    assert (tmp_path / "snapshot" / "LiF__oqmd-5.cif").is_file()


def test_a_command_that_a_server_sends_is_a_text_in_the_index(tmp_path: Path) -> None:
    evil = references().iloc[:1].assign(structure_id='=HYPERLINK("http://evil")', provenance="@SUM(1)\n+1")
    record_snapshot(evil, tmp_path)
    cells = next(csv.DictReader((tmp_path / "index.csv").open(newline="")))
    assert cells["material_id"] == '\'=HYPERLINK("http://evil")'
    assert cells["provenance"] == "'@SUM(1) +1"
    assert [path.parent for path in tmp_path.rglob("*.cif")] == [tmp_path]
    assert len(read_snapshot(tmp_path, ["Li10GeP2S12"]).structures) == 1


def test_nothing_recorded_for_a_composition(tmp_path: Path) -> None:
    record_snapshot(references(), tmp_path)
    back = read_snapshot(tmp_path, ["Li3N"])
    raw.REFERENCE_STRUCTURES.check(back.structures)
    assert (len(back.structures), back.queried) == (0, 1)


def test_a_missing_and_a_changed_file_are_left_out_with_a_warning(tmp_path: Path) -> None:
    record_snapshot(references(), tmp_path)
    (tmp_path / "LiF__oqmd-5.cif").unlink()
    (tmp_path / "Li10Ge_PS6_2__mp-10.cif").write_text("data_two, by hand")
    back = read_snapshot(tmp_path, references()["formula"])
    assert list(back.structures["structure_id"]) == ["mp-2"]
    changed, missing = back.warnings
    assert str(tmp_path / "Li10Ge_PS6_2__mp-10.cif") in changed
    assert references()["sha256"][1] in changed
    assert missing.startswith(f"{tmp_path / 'LiF__oqmd-5.cif'} is listed in index.csv and not there")


@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        ("Li10Ge(PS6)2,mp-2", "Lx3,mp-2", "index.csv: cannot read the formula 'Lx3'"),
        (",mp-2,1,", ",mp-2,first,", "rank_by_id is 'first' and should be a number"),
        ("rank_by_id", "rank", "lacks the column 'rank_by_id'"),
    ],
)
def test_an_index_that_cannot_be_understood(tmp_path: Path, cell: str, change: str, message: str) -> None:
    record_snapshot(references(), tmp_path)
    index = tmp_path / "index.csv"
    index.write_text(index.read_text().replace(cell, change))
    with pytest.raises(SourceError) as error:
        read_snapshot(tmp_path, ["LiF"])
    assert message in str(error.value)


def test_the_snapshot_of_the_materials_project(data_mirror: Path, tmp_path: Path) -> None:
    folder = data_mirror / "mp_snapshot"
    found = read_snapshot(folder, ["Li3PS4", "Li0.5La0.5TiO3", "Li3N5"])
    assert found.warnings == []
    table = found.structures
    assert list(table["structure_id"]) == ["mp-985583", "mp-767402"]
    assert set(table["origin"]) == {"materials_project"}
    assert [read_cif(cif).composition.reduced_formula for cif in table["cif"]] == ["Li3PS4", "LiLaTi2O6"]

    index = pd.read_csv(folder / "index.csv")
    everything = read_snapshot(folder, index["reduced_formula"]).structures
    assert len(everything) == 149
    assert list(everything.loc[everything["formula"] == "LiFePO4", "rank"]) == [1, 2, 3, 4, 5, 6]
    record_snapshot(everything, tmp_path)
    pd.testing.assert_frame_equal(read_snapshot(tmp_path, index["reduced_formula"]).structures, everything)


def test_a_cif_cut_short_keeps_its_row(data_mirror: Path, tmp_path: Path) -> None:
    whole = read_snapshot(data_mirror / "mp_snapshot", ["Li3PS4"]).structures
    cut = whole["cif"][0][:700]
    record_snapshot(whole.assign(cif=cut, sha256=""), tmp_path)
    (row,) = read_snapshot(tmp_path, ["Li3PS4"]).structures.to_dict("records")
    assert row["cif"] == cut
    with pytest.raises(CifError):
        read_cif(row["cif"])
