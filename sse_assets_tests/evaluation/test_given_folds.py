"""What the author of another model gets is enough to score with, and holds no label in disguise."""

from io import StringIO

import pandas as pd
import pytest

from sse_assets.evaluation.given_folds import given_folds
from sse_assets.evaluation.submitted import read_submission, submission
from sse_assets.tables import curated, splits


@pytest.fixture(scope="module")
def files(run) -> dict[str, str]:
    electrolytes = curated.ELECTROLYTES.frame(
        run.electrolytes.assign(sigma_s_cm=10 ** run.electrolytes["log10_sigma"], formula_only=False)
    )
    return given_folds(electrolytes, run.assignments, splits.FORMULA_ONLY.frame(), run.predictions)


def test_rows_with_a_formula_alone_are_told_and_train_where_they_may(run) -> None:
    alone = run.electrolytes.iloc[[0]].assign(electrolyte_id="liion:1", formula_only=True)
    electrolytes = curated.ELECTROLYTES.frame(
        pd.concat([run.electrolytes.assign(formula_only=False), alone]).assign(sigma_s_cm=1e-4)
    )
    further = pd.DataFrame([{"protocol": "grouped", "fold": 2, "electrolyte_id": "liion:1", "role": "train"}])
    files = given_folds(electrolytes, run.assignments, further, run.predictions)
    folds = pd.read_csv(StringIO(files["folds.csv"]))
    assert folds[folds["electrolyte_id"] == "liion:1"].to_numpy().tolist() == further.to_numpy().tolist()
    rows = pd.read_csv(StringIO(files["electrolytes.csv"])).set_index("electrolyte_id")
    assert rows.index[rows["formula_only"]].tolist() == ["liion:1"]
    assert rows.loc["liion:1", "label_bound"] == -4
    assert "liion:1" not in files["example.csv"]
    assert "Rows marked `formula_only`" in files["README.md"]


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
