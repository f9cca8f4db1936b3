"""Files of candidates and of answers."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from sse_assets.screening import Predictor
from sse_assets.screening.candidates import read_candidates, suffix_of, write_answers
from sse_assets.screening.errors import PredictionError
from sse_assets_tests.screening.stored import ROCK_SALT

TABLE = pd.DataFrame(
    {"formula": ["LiCl", "", "Li2O", "NA"], "structure": ["", "licl.cif", ROCK_SALT, ""], "note": "x"}
)


def parquet() -> bytes:
    buffer = io.BytesIO()
    TABLE.to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.csv", TABLE.to_csv(index=False).encode()),
        ("-", b"\xef\xbb\xbf" + TABLE.to_csv(index=False).encode()),
        ("c.jsonl", TABLE.to_json(orient="records", lines=True).encode()),
        ("C.PARQUET", parquet()),
    ],
)
def test_every_kind_of_file_gives_the_same_materials(tmp_path: Path, name: str, content: bytes) -> None:
    formula, crystal, both, missing = read_candidates(content, name, tmp_path)
    assert (formula.formula, formula.cif, formula.file) == ("LiCl", None, None)
    assert (crystal.formula, crystal.file, crystal.asked) == (None, tmp_path / "licl.cif", "licl.cif")
    assert (both.formula, both.cif, both.asked) == ("Li2O", ROCK_SALT.strip(), "Li2O")
    assert missing.formula == "NA"  # a text, and no missing value


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.csv", b"material\nLiCl\n", "neither a column formula nor a column structure, but material: name"),
        ("c.csv", b"", "cannot be read as csv"),
        ("c.csv", b"formula\n\xff\xfe\n", "cannot be read as csv"),
        ("c.parquet", b"formula", "cannot be read as parquet"),
        ("c.jsonl", b"{formula", "cannot be read as jsonl"),
        ("c.xlsx", b"", r"should end with .csv, .parquet or .jsonl"),
    ],
)
def test_what_is_no_file_of_candidates_is_refused(name: str, content: bytes, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        list(read_candidates(content, name, Path()))


def test_answers_are_written_as_the_name_says(home: Path, tmp_path: Path) -> None:
    answers = Predictor.load(home).predict(["LiCl", "NaCl", "=cmd|' /C calc'!A0"])
    frame = answers.to_frame()
    screen = io.BytesIO()
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        write_answers(answers, str(tmp_path / name), screen)
    assert screen.getvalue() == b""
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), frame)
    written = pd.read_csv(tmp_path / "a.csv")
    assert written["log10_sigma"].iloc[0] == pytest.approx(frame["log10_sigma"].iloc[0], abs=1e-12)
    assert written["material"].iloc[2] == "'=cmd|' /C calc'!A0"
    assert not any(cell.startswith("=") for cell in written["material"])
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["answered"] for line in lines] == [True, False, False]
    write_answers(answers, "-", screen)
    assert screen.getvalue() == (tmp_path / "a.csv").read_bytes()
    with pytest.raises(PredictionError, match="cannot be written"):
        write_answers(answers, str(tmp_path / "no" / "folder.csv"), screen)
    with pytest.raises(PredictionError, match="should end with"):
        suffix_of("answers.txt")
