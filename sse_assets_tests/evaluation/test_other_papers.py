"""Medians of other papers, by hand."""

import numpy as np
import pandas as pd

from sse_assets.evaluation.other_papers import main_papers, medians_of_other_papers

IDS = list("abcdef")
LABELS = pd.Series([-3.0, -4.0, -6.0, -5.0, -9.0, -1.0], index=IDS)
KEYS = pd.Series(["x", "x", "x", "x", "y", "y"], index=IDS)
# Rows a and b are from one paper; d names two papers, of which one is that of c; e and f name none.
PAPERS = pd.Series(["p", "p", "q", "r", "q", None, None], index=["a", "b", "c", "d", "d", "e", "f"])


def test_the_median_is_of_rows_that_share_the_composition_and_no_paper() -> None:
    found = medians_of_other_papers(LABELS, KEYS, PAPERS)
    # a and b are judged by c and d; c by a and b, for d names its paper; d likewise.
    assert found["median"].tolist() == [-5.5, -5.5, -3.5, -3.5, -1.0, -9.0]
    assert found["n"].tolist() == [2, 2, 2, 2, 1, 1]
    assert found.index.tolist() == IDS


def test_a_composition_of_one_paper_has_no_other() -> None:
    alone = medians_of_other_papers(LABELS[["a", "b"]], KEYS, PAPERS)
    assert alone["median"].isna().all()
    assert alone["n"].tolist() == [0, 0]


def test_a_row_has_one_main_paper_its_own_id_where_it_names_none() -> None:
    assert main_papers(pd.Index(IDS), PAPERS).tolist() == ["p", "p", "q", "r", "e", "f"]


def test_there_may_be_no_rows() -> None:
    assert medians_of_other_papers(LABELS[:0], KEYS[:0], PAPERS[:0]).empty
    assert np.array_equal(main_papers(pd.Index([]), PAPERS), [])
