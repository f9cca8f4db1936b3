"""Errors of chemical groups and predictions for known compounds, on a run small enough to count by hand."""

import pandas as pd
import pytest

from sse_assets.evaluation.by_chemistry import by_group_scores, representative_compounds
from sse_assets.report import published


def test_errors_by_chemical_group(run) -> None:
    row = run.predictions.iloc[0]
    halides = ["obelix:10", "obelix:11", "obelix:12"]
    predictions = pd.DataFrame(
        [
            row.to_dict() | {"electrolyte_id": name, "role": role, "log10_sigma": 0.0, "predicted": error}
            for name, role, error in zip(halides, ["test", "test", "train"], [1.0, -2.0, 9.0], strict=True)
        ]
    )
    only = by_group_scores(predictions, run.electrolytes, published.chemical_groups()).iloc[0]
    assert (only["chemical_group"], only["n"], only["mae"]) == ("Sulfide (halide)", 2, 1.5)
    assert (only["paper_n"], only["paper_boosted_trees_mae"]) == (27, 0.501)


@pytest.fixture
def compounds(run) -> pd.DataFrame:
    """The paper's compounds by formula and protocol."""
    table = representative_compounds(run.predictions, run.electrolytes, published.compounds())
    return table.set_index(["formula", "protocol"])


def test_representative_compounds_are_found_by_composition(compounds) -> None:
    garnet = compounds.loc[("Li7La3Zr2O12", "diversity")]
    # Of its two measurements, -4.6 is closer to the paper's -4.638 than -3.3.
    assert (garnet["electrolyte_id"], garnet["measured"], garnet["n_measurements"]) == ("obelix:01", -4.6, 2)
    assert garnet["role"] == "train"
    assert compounds.loc[("Li4SnSe4", "official"), "role"] == "train"


def test_a_cross_validated_compound_shows_the_fold_that_held_it_out(run, compounds) -> None:
    trees = run.predictions.query(
        "model == 'boosted_trees' and variant == 'all' and label_convention == 'bound' "
        "and protocol == 'random' and electrolyte_id == 'obelix:01' and role == 'test'"
    )
    shown = compounds.loc[("Li7La3Zr2O12", "random")]
    assert (shown["role"], shown["predicted"]) == ("test", trees["predicted"].item())


def test_a_compound_that_we_do_not_have_is_shown_as_absent(compounds) -> None:
    (absent,) = (row for (formula, _), row in compounds.iterrows() if formula == "Li8GeP4")
    assert absent["n_measurements"] == 0
    assert absent[["electrolyte_id", "role", "predicted"]].isna().all()
    assert pd.isna(absent.name[1])  # the protocol
    assert absent["paper_measured"] == -4.066
    assert compounds.index.unique("formula").size == 8
