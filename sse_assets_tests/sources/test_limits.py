"""What a person's own row cannot be is refused, and what looks like a slip is asked about."""

import pytest

from sse_assets.sources.inbox import InboxContent, InboxFile, read_inbox
from sse_assets_tests.curation.rows import li2o

COLUMNS = "id,formula,z,conductivity_s_cm,a,b,c,alpha,beta,gamma,structure,confirmed"
LI2O_CELL = "4.62,4.62,4.62,90,90,90"


def inbox(*rows: str, cif: str = "") -> InboxContent:
    table = "\n".join([COLUMNS, *rows, ""])
    return read_inbox([InboxFile("lab.csv", table.encode()), InboxFile("own.cif", (cif or li2o()).encode())])


def refused(content: InboxContent) -> dict[str, str]:
    """The one row that is refused, and none of the others."""
    assert "fine" in set(content.measurements["source_id"])
    [row] = content.refused[content.refused["source_id"] == "x"].to_dict("records")
    return row


FINE = f"fine,Li2O,4,1e-9,{LI2O_CELL},own.cif,"


@pytest.mark.parametrize(
    ("row", "code", "sentence"),
    [
        (f"x,Li2O,0,1e-9,{LI2O_CELL},,yes", "impossible_cell", "Z is 0: a cell holds a positive number"),
        ("x,Li2O,-4,1e-9,,,,,,,,yes", "impossible_cell", "Z is -4"),
        ("x,Li2O,4,1e-9,0,4.62,4.62,90,90,90,,yes", "impossible_cell", "a is 0: a length is a positive"),
        ("x,Li2O,4,1e-9,,-1,,,,,,yes", "impossible_cell", "b is -1: a length is a positive"),
        ("x,Li2O,4,1e-9,4.62,4.62,4.62,1.5708,1.5708,1.5708,,yes", "impossible_cell", "in radians"),
        ("x,Li2O,4,1e-9,4.62,4.62,4.62,10,10,150,,yes", "impossible_cell", "no cell has the angles"),
        ("x,Li2O,4,1e-9,4.62,4.62,4.62,90,90,270,,yes", "impossible_cell", "gamma is 270: an angle lies"),
        ("x,Li2O,4,1e-9,0.462,0.462,0.462,90,90,90,,yes", "impossible_cell", "in nm? Write Å"),
        ("x,Li2O,,1e-9,0.462,0.462,0.462,90,90,90,,yes", "impossible_cell", "in nm? Write Å"),
        ("x,Li2O,4,1e-9,462,462,462,90,90,90,,yes", "impossible_cell", "in pm? Write Å"),
        (f"x,Li2O,40,1e-9,{LI2O_CELL},,yes", "impossible_cell", "check the cell, Z and the symmetry"),
        ("x,Li2O,40,1e-9,,,,,,,own.cif,yes", "impossible_cell", "formula, unit cell and Z tell of no solid"),
        (f"x,Li2O,4,1e-21,{LI2O_CELL},,yes", "not_a_conductivity", "the least ever measured"),
        (f"x,Li2O,4,<1e-25,{LI2O_CELL},,yes", "not_a_conductivity", "the least ever measured"),
        (f"x,Li2O,4,1e-9,{LI2O_CELL},,maybe", "unreadable_row", "confirmed is 'maybe' and should be yes"),
    ],
)
def test_what_cannot_be_is_refused_even_where_it_is_confirmed(row: str, code: str, sentence: str) -> None:
    found = refused(inbox(row, FINE))
    assert found["reason_code"] == code
    assert sentence in found["reason"]
    assert found["reason"].startswith("lab.csv, line 2: ")


@pytest.mark.parametrize(
    ("row", "question"),
    [
        (f"x,Li2O,4,12,{LI2O_CELL},,", "did you mean 12 mS/cm, which is 0.012 S/cm?"),
        (f"x,Li2O,4,0.2,{LI2O_CELL},,no", "no Li solid of OBELiX and LiIon has more than 0.025"),
        ("x,Li2O,4,1e-9,8.73,8.73,8.73,90,90,90,,", "or the lengths in Bohr?"),
        (f"x,Li2O,6,1e-9,{LI2O_CELL},,", "few solids are that dense: are Z and the lengths right?"),
    ],
)
def test_what_may_be_right_is_held_back_until_it_is_confirmed(row: str, question: str) -> None:
    found = refused(inbox(row, FINE))
    assert found["reason_code"] == "needs_confirmation"
    assert question in found["reason"]
    assert "Correct it, or write yes in the column `confirmed` if it is right" in found["reason"]
    confirmed = row.removesuffix("no") + "Yes"
    assert set(inbox(confirmed, FINE).measurements["source_id"]) == {"fine", "x"}


def test_a_cif_in_bohr_is_asked_about() -> None:
    cif = li2o().replace("4.62", "8.73")
    content = inbox(FINE.replace("fine", "x").replace(f"4,1e-9,{LI2O_CELL}", ",1e-9,,,,,,"), cif=cif)
    assert content.refused["reason_code"].tolist() == ["needs_confirmation"]
    assert "The CIF gives" in content.refused["reason"].item()
    assert content.structures.empty


def test_a_file_in_ms_cm_is_asked_about_in_all_its_rows() -> None:
    sigmas = {"a": 3.2, "b": 0.05, "c": 0.004, "d": 0.9, "e": 0.04}
    rows = [f"{name},Li2O,4,{sigma},{LI2O_CELL},," for name, sigma in sigmas.items()]
    content = inbox(*rows)
    assert content.measurements.empty
    asked = content.refused.set_index("source_id")["reason"]
    assert set(sigmas) <= set(asked.index)
    assert "did you mean 0.004 mS/cm, which is 4e-06 S/cm?" in asked["c"]
    good = [f"{name},Li2O,4,{sigma / 1000},{LI2O_CELL},," for name, sigma in sigmas.items()]
    assert len(inbox(*good).measurements) == len(sigmas)
