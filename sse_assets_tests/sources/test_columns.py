from pathlib import Path

import pandas as pd
import pytest

from sse_assets.sources.columns import (
    SourceError,
    blank_as_missing,
    numbers,
    read_table,
)


def write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return path


def test_cells_stay_as_printed(tmp_path: Path) -> None:
    path = write(tmp_path, '\ufeffID,value\n007,<1E-10\nNA,"""Li2S"" "\n')
    table = read_table(path, ["ID", "value"])
    assert table.to_dict("list") == {"ID": ["007", "NA"], "value": ["<1E-10", '"Li2S" ']}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID,valeu\n1,2\n", "lacks the column 'value'; it has ID, valeu"),
        ("ID,value\n", "has a header and no rows"),
        ("", "is empty"),
        ('ID,value\n1,"2\n', "is not a CSV table"),
    ],
)
def test_an_unusable_table_names_the_file_and_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SourceError) as error:
        read_table(path, ["ID", "value"])
    assert f"{path} {message}" in str(error.value)


def test_an_absent_table(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not there"):
        read_table(tmp_path / "table.csv", ["ID"])


def test_numbers_and_the_first_cell_that_is_none() -> None:
    frame = pd.DataFrame({"ID": ["x", "y", "z"], "a": ["1.5", " ", "5.4(2)"]})
    assert numbers(frame[:2], "a", "ID", Path("all.csv")).tolist() == pytest.approx(
        [1.5, float("nan")], nan_ok=True
    )
    with pytest.raises(SourceError, match=r"all\.csv, row 'z': a is '5\.4\(2\)' and should be a number"):
        numbers(frame, "a", "ID", Path("all.csv"))


def test_blank_cells_are_missing() -> None:
    text = blank_as_missing(pd.Series(["Garnet ", "", " ", "#N/A"]))
    assert text[0] == "Garnet"
    assert text[1:].isna().all()
