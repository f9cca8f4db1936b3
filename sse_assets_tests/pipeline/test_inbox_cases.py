"""Each inbox of the field's own cases costs its bad rows alone, and names them."""

from pathlib import Path

import pytest

from sse_assets.curation.electrolytes import CuratedElectrolytes, curate_electrolytes
from sse_assets.curation.measurements import curate_measurements
from sse_assets.sources.inbox import InboxFile, read_inbox

LOST = {
    "formula_only": {},
    "formulas": {
        "f-2": "unreadable_formula: cannot read the formula 'LiClO4.3H2O': the point in 'lO4.3H2O' may",
        "f-5": "impossible_cell: formulas.csv, line 7: formula, unit cell and Z tell of no solid",
    },
    "impossible_angles": {"angles": "impossible_cell: impossible_angles.csv, line 2: the unit cell is none"},
    "lialo2_without_li": {},
    "space_groups": {"sg-4": "unreadable_row: space_groups.csv, line 6: space_group: 'cubic' names no"},
    "unit_mistakes": {
        "sigma-in-ms": "needs_confirmation: unit_mistakes.csv, line 2: The conductivity is 12 S/cm",
        "cell-in-nm": "impossible_cell: unit_mistakes.csv, line 3: formula, unit cell and Z tell of no solid",
        "z-wrong": "impossible_cell: unit_mistakes.csv, line 4: formula, unit cell and Z tell of no solid",
    },
    "vacancy_as_x": {},
    "wrong_cif": {"wrong-cif": "other_compound: structure inbox:wrong-cif: the CIF is of NaCl"},
    "z_zero": {"z-zero": "impossible_cell: z_zero.csv, line 2: Z is 0"},
}


def curated(folder: Path, name: str) -> tuple[CuratedElectrolytes, dict[str, str]]:
    """What becomes of one table of the cases, and what each row that is lost was lost for."""
    table = folder / f"{name}.csv"
    named = {line.rpartition(",")[2] for line in table.read_text().splitlines()}
    files = [table, *(file for file in folder.glob("*.cif") if file.name in named)]
    content = read_inbox(InboxFile(file.name, file.read_bytes()) for file in files)
    measurements, rejected = curate_measurements(content.measurements)
    electrolytes = curate_electrolytes(measurements, content.structures, {})
    lost = [row for t in (content.refused, rejected, electrolytes.rejected) for row in t.to_dict("records")]
    return electrolytes, {row["source_id"]: f"{row['reason_code']}: {row['reason']}" for row in lost}


@pytest.mark.parametrize("name", list(LOST))
def test_bad_rows_are_lost_alone_and_named(field_cases: Path, name: str) -> None:
    _, lost = curated(field_cases / "inbox", name)
    assert lost.keys() == LOST[name].keys()
    for row, start in LOST[name].items():
        assert lost[row].startswith(start), lost[row]


def test_no_inbox_is_left_out(field_cases: Path) -> None:
    assert {file.stem for file in (field_cases / "inbox").glob("*.csv")} <= LOST.keys()


def test_good_rows_are_as_their_files_say(field_cases: Path) -> None:
    folder = field_cases / "inbox"
    vacancies, _ = curated(folder, "vacancy_as_x")
    rows = vacancies.electrolytes.set_index("electrolyte_id")
    assert set(rows.index) == {"inbox:x-vacancy", "inbox:good"}
    assert "vacancy" in rows.loc["inbox:x-vacancy", "structure_remarks"]
    aluminate, _ = curated(folder, "lialo2_without_li")
    [row] = aluminate.electrolytes.to_dict("records")
    assert row["z"] == 4
    assert "no_lithium" in row["structure_remarks"]
