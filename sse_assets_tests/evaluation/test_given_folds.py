"""What the author of another model gets is enough to score with, and holds no label in disguise."""

from io import StringIO

import pandas as pd
import pytest

from sse_assets.evaluation.given_folds import given_folds
from sse_assets.evaluation.submitted import read_submission, submission
from sse_assets.tables import curated


@pytest.fixture(scope="module")
def files(run) -> dict[str, str]:
    electrolytes = curated.ELECTROLYTES.frame(
        run.electrolytes.assign(sigma_s_cm=10 ** run.electrolytes["log10_sigma"])
    )
    return given_folds(electrolytes, run.assignments, run.predictions)


def test_the_folds_are_those_of_the_run(run, files: dict[str, str]) -> None:
    folds = pd.read_csv(StringIO(files["folds.csv"]))
    assert folds.to_numpy().tolist() == run.assignments.to_numpy().tolist()


def test_only_the_labels_tell_of_the_conductivity(run, files: dict[str, str]) -> None:
    rows = pd.read_csv(StringIO(files["electrolytes.csv"])).set_index("electrolyte_id")
    assert len(rows) == len(run.electrolytes)
    assert not {"conductivity_class", "sigma_s_cm", "log10_sigma", "official_role"} & set(rows)
    assert rows["label_bound"].tolist() == pytest.approx(run.electrolytes["log10_sigma"].tolist())
    assert (rows.loc[rows["censored"], "label_obelix"] == -15).all()


def test_the_example_can_be_scored(run, files: dict[str, str]) -> None:
    table = submission(read_submission(files["example.csv"]), run.predictions, "example")
    assert len(table) == (run.assignments["role"] == "test").sum()


def test_the_page_names_the_files_and_is_short(files: dict[str, str]) -> None:
    assert all(name in files["README.md"] for name in files if name != "README.md")
    assert len(files["README.md"].splitlines()) <= 14
