import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_assets.materials.plain_text import (
    harmless,
    harmless_table,
    has_control_characters,
    is_command,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('=HYPERLINK("http://evil","x")', '\'=HYPERLINK("http://evil","x")'),
        ("@SUM(1)", "'@SUM(1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1+1", "'=1+1"),
        ("\r=1+1", "'=1+1"),
        ("Li3N\n=1+1", "Li3N =1+1"),
        ("\u202e=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("-1.5E-3", "-1.5E-3"),
        ("Li10GeP2S12", "Li10GeP2S12"),
        ("a\udc00b", "a?b"),
    ],
)
def test_a_command_is_a_text_to_a_spreadsheet(text: str, written: str) -> None:
    assert harmless(text) == written


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_whatever_comes_is_one_line_and_no_command_and_stays_so(text: str) -> None:
    once = harmless(text)
    assert not is_command(once)
    assert not has_control_characters(once)
    assert harmless(once) == once


def test_a_table_keeps_its_numbers_and_its_gaps() -> None:
    frame = pd.DataFrame({"name": ["=1+1", None], "mev": [-3.5, float("nan")], "n": [-1, 2]})
    assert harmless_table(frame).to_csv(index=False) == "name,mev,n\n'=1+1,-3.5,-1\n,,2\n"
