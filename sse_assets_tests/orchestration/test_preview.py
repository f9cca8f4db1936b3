"""How a table looks in the UI."""

import re

import pandas as pd

from sse_assets.orchestration.preview import markdown_table


def cells(line: str) -> list[str]:
    return [cell.strip(" ") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_a_row_is_a_line_whatever_its_cells_hold() -> None:
    frame = pd.DataFrame(
        {
            "formula": ["Li3N", None],
            "sigma_s_cm": [0.00123456, float("nan")],
            "cif": ["data_|\n_cell 1", "x" * 99],
        }
    )
    header, rule, first, second = markdown_table(frame).splitlines()
    assert cells(header) == ["formula", "sigma_s_cm", "cif"]
    assert [set(cell) for cell in cells(rule)] == [{":", "-"}] * 3
    assert cells(first) == ["Li3N", "0.001235", "data_\\|\u00a0_cell\u00a01"]
    assert cells(second) == ["", "", f"{'x' * 39}…"]


def test_the_columns_one_came_for_stand_first() -> None:
    frame = pd.DataFrame([["f1", "a1", "test", "trees", -3.0]])
    frame.columns = ["composition_key", "candidate_id", "role", "model", "value"]
    header, *_ = markdown_table(frame).splitlines()
    assert cells(header) == ["model", "value", "role", "candidate_id", "composition_key"]


def test_text_that_looks_like_a_number_is_left_as_it_is() -> None:
    *_, row = markdown_table(pd.DataFrame({"id": ["007", "1e5"]})).splitlines()
    assert cells(row) == ["1e5"]


def test_a_table_without_rows_says_so() -> None:
    assert markdown_table(pd.DataFrame(columns=["formula", "reason"])) == "No rows. Columns: formula, reason."
