"""A file of predictions is scored as our own models are, or each fault of it is named with a remedy."""

import re

import numpy as np
import pandas as pd
import pytest

from sse_assets.evaluation.metrics import scores
from sse_assets.evaluation.submitted import (
    SubmissionError,
    judge,
    read_submission,
    submission,
    submitted_scores,
    too_good,
)
from sse_assets.tables import metrics

HEADER = "protocol,fold,electrolyte_id,predicted"
NAME = "graph network"


@pytest.fixture(scope="module")
def file(run) -> pd.DataFrame:
    """What the boosted trees say, as if somebody else had written it."""
    trees = run.predictions.query(
        "model == 'boosted_trees' and variant == 'all' and role == 'test' and label_convention == 'bound'"
    )
    return trees[["protocol", "fold", "electrolyte_id", "predicted"]].reset_index(drop=True)


@pytest.fixture(scope="module")
def clusters(run) -> dict[str, pd.Series]:
    ids = run.electrolytes["electrolyte_id"]
    return {"grouped": pd.Series(range(len(ids)), index=ids)}


def read(frame: pd.DataFrame) -> pd.DataFrame:
    return read_submission(frame.to_csv(index=False))


def refused(run, frame: pd.DataFrame, name: str = NAME) -> str:
    with pytest.raises(SubmissionError) as caught:
        submission(read(frame), run.predictions, name)
    return str(caught.value)


def unreadable(text: str) -> str:
    with pytest.raises(SubmissionError) as caught:
        read_submission(text)
    return str(caught.value)


def test_a_file_scores_as_the_model_that_it_repeats(
    run, file: pd.DataFrame, clusters: dict[str, pd.Series]
) -> None:
    table = submission(read(file), run.predictions, NAME)
    metrics.SUBMITTED_PREDICTIONS.check(table)
    assert not table["imputed"].any()
    found = judge(table, run.predictions, run.scores, clusters).scores
    trees = scores(run.predictions, clusters).query("model == 'boosted_trees' and variant == 'all'")
    key = ["protocol", "label_convention", "role", "metric"]
    both = found[found["model"] == NAME].merge(trees, on=key)
    assert len(both) == 4 * 4
    for column in ("value", "low", "high"):
        assert both[f"{column}_x"].to_numpy() == pytest.approx(both[f"{column}_y"].to_numpy(), nan_ok=True)


def test_it_is_paired_with_the_baselines_and_our_best(
    run, file: pd.DataFrame, clusters: dict[str, pd.Series]
) -> None:
    table = submission(read(file), run.predictions, NAME)
    found = judge(table, run.predictions, run.scores, clusters).comparisons
    grouped = found[found["protocol"] == "grouped"].set_index(["baseline", "baseline_variant"])["difference"]
    assert {model for model, _ in grouped.index} == {"train_median", "nearest_neighbour", "boosted_trees"}
    assert len(grouped) == 5
    mae = run.scores.query(
        "role == 'test' and metric == 'mae' and protocol == 'grouped' and label_convention == 'bound'"
    ).set_index(["model", "variant"])["value"]
    for other, difference in grouped.items():
        assert difference == pytest.approx(mae["boosted_trees", "all"] - mae[other])


def test_intervals_and_the_other_convention_are_scored_too(
    run, file: pd.DataFrame, clusters: dict[str, pd.Series]
) -> None:
    wide = file.assign(low=-100, high=100, label_convention="obelix")
    verdict = judge(submission(read(wide), run.predictions, NAME), run.predictions, run.scores, clusters)
    assert (verdict.coverage["coverage"] == 1).all()
    assert set(verdict.scores["label_convention"]) == {"obelix"}


def test_copied_labels_are_caught(run, file: pd.DataFrame) -> None:
    labels = run.electrolytes.set_index("electrolyte_id")["log10_sigma"]
    exact = file.assign(predicted=labels[file["electrolyte_id"]].to_numpy())
    said = refused(run, exact)
    assert len(said.splitlines()) == 4
    assert "grouped: this leaks, for 100% of the predictions are the measured values themselves" in said
    assert "saw only the labels of its training rows" in said
    # Two decimals, labels of the other convention, or a third of honest predictions hide nothing.
    assert "this leaks" in refused(run, exact.assign(predicted=exact["predicted"].round(2) + 0.004))
    assert "this leaks" in refused(run, exact.assign(label_convention="obelix"))
    mixed = exact.assign(predicted=np.where(exact.index % 3 == 0, file["predicted"], exact["predicted"]))
    assert "this leaks" in refused(run, mixed)
    fewer = exact.assign(predicted=np.where(exact.index % 3 == 0, exact["predicted"], file["predicted"]))
    assert len(submission(read(fewer), run.predictions, NAME)) == len(fewer)


def test_predictions_that_lean_to_barred_rows_are_caught(run, file: pd.DataFrame) -> None:
    """A twin has the composition of a test row and another label: only who saw it comes nearer to it."""
    trees = run.predictions[
        (run.predictions["model"] == "boosted_trees") & (run.predictions["variant"] == "all")
    ]
    predictions = pd.concat([run.predictions, trees.assign(model="gaussian_process", variant="none")])
    rows = file[file["protocol"] == "grouped"].merge(
        run.electrolytes[["electrolyte_id", "composition_key", "log10_sigma"]]
    )
    other_laboratory = np.where(rows.index % 2, 3.0, -3.0)
    twins = rows.assign(label_convention="bound", twin_label=rows["log10_sigma"] + other_laboratory)
    twins = twins.drop(columns=["predicted", "log10_sigma"])
    elsewhere = file[file["protocol"] != "grouped"]

    def given(predicted: pd.Series) -> pd.DataFrame:
        return read(pd.concat([elsewhere, rows.assign(predicted=predicted)[file.columns]]))

    honest = given(rows["log10_sigma"] - np.random.default_rng(1).normal(size=len(rows)))
    assert len(submission(honest, predictions, NAME, twins=twins)) == len(file)
    learnt = given(twins["twin_label"] + 0.1)
    with pytest.raises(SubmissionError) as caught:
        submission(learnt, predictions, NAME, twins=twins)
    said = str(caught.value)
    assert said.startswith("grouped: this leaks, for the predictions for 15 compositions lie nearer")
    assert "train on the rows that folds.csv names for each fold" in said
    assert len(said.splitlines()) == 1
    # Of nine compositions, all may lean to one side by chance.
    few = twins[twins["composition_key"].isin(twins["composition_key"].unique()[:9])]
    assert len(submission(learnt, predictions, NAME, twins=few)) == len(file)


def test_a_row_that_only_trains_is_no_unknown_row(run, file: pd.DataFrame) -> None:
    more = pd.concat([file, file.iloc[[0]].assign(electrolyte_id="liion:1")])
    assert "electrolyte_id 'liion:1' is not known" in refused(run, more)
    with pytest.raises(SubmissionError, match=r"this leaks, for liion:1 is no test row .* never tested"):
        submission(read(more), run.predictions, NAME, only_train=["liion:1"])


def test_a_training_row_given_as_a_test_row_is_caught(run, file: pd.DataFrame) -> None:
    row = file[(file["protocol"] == "grouped") & (file["fold"] == 2)].iloc[[0]]
    said = refused(run, pd.concat([file, row.assign(fold=0)]))
    assert re.search(r"^Line 42: this leaks, for obelix:\d\d is no test row of fold 0 of grouped", said)
    assert "(it is tested in fold 2); give only the rows whose role is test" in said
    said = refused(run, pd.concat([file, row.assign(protocol="official", fold=0)]))
    assert "(it is never tested there)" in said


def test_missing_rows_are_counted_and_named(run, file: pd.DataFrame) -> None:
    grouped = file[file["protocol"] == "grouped"]
    said = refused(run, grouped.iloc[5:])
    assert "grouped (bound) lacks 5 of 16 test rows (obelix:" in said
    assert "and 2 more): predict them, or let the train median stand in for them with --fill-missing." in said


def test_the_median_stands_in_where_that_is_asked_for(run, file: pd.DataFrame) -> None:
    grouped = file[file["protocol"] == "grouped"].iloc[5:]
    table = submission(read(grouped), run.predictions, NAME, fill_missing=True)
    assert (len(table), table["imputed"].sum()) == (16, 5)
    assert set(table["protocol"]) == {"grouped"}
    medians = run.predictions.query("model == 'train_median' and protocol == 'grouped' and role == 'test'")
    medians = medians[medians["label_convention"] == "bound"].set_index("electrolyte_id")["predicted"]
    filled = table[table["imputed"]].set_index("electrolyte_id")["predicted"]
    assert filled.to_dict() == medians[filled.index].to_dict()
    assert table["low"].isna().all()
    stated = submission(read(grouped.assign(low=-9, high=-1)), run.predictions, NAME, fill_missing=True)
    assert stated["low"].notna().all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"electrolyte_id": "mine:1"},
            "Line 2: electrolyte_id 'mine:1' is not known; copy it from folds.csv",
        ),
        ({"fold": 9}, "Line 2: diversity has no fold 9; copy it from folds.csv."),
        ({"fold": 0.5}, "Line 2: fold '0.5' is not a whole number"),
        ({"protocol": "groupd"}, "'groupd' is not known; use diversity, random, papers, official, grouped."),
        ({"protocol": "all_rows"}, "'all_rows' is not known"),
        ({"label_convention": "log"}, "label_convention 'log' is not known; use obelix, bound."),
        ({"predicted": "n/a"}, "Line 2: predicted 'n/a' is not a finite number; give log10(σ / (S/cm))."),
        ({"predicted": ""}, "predicted '' is not a finite number"),
        ({"predicted": "inf"}, "predicted 'inf' is not a finite number"),
        ({"low": "x", "high": "1"}, "low 'x' is not a finite number; give log10(σ / (S/cm)), or nothing."),
        ({"low": "-1", "high": "-2"}, "an interval needs both ends, and low may not be above high"),
        ({"low": "-1"}, "an interval needs both ends"),
    ],
)
def test_a_bad_cell_is_named_with_its_line(run, file: pd.DataFrame, changes: dict, message: str) -> None:
    first = file.head(1).astype(object).assign(**changes)
    assert message in refused(run, pd.concat([first, file.iloc[1:]]))


def test_a_protocol_that_the_data_set_lacks_is_named(run, file: pd.DataFrame) -> None:
    without = run.predictions[run.predictions["protocol"] != "official"]
    with pytest.raises(
        SubmissionError, match="this data set has no official; it has diversity, random, grouped"
    ):
        submission(read(file), without, NAME)


def test_repeated_rows_are_named(run, file: pd.DataFrame) -> None:
    said = refused(run, pd.concat([file, file.head(5)]))
    assert said.startswith("Lines 42, 43, 44 and 2 more: obelix:00 is predicted twice in fold 0 of diversity")


def test_conductivities_in_place_of_logarithms_are_named(run, file: pd.DataFrame) -> None:
    assert "give log10(σ / (S/cm)), such as -3.2" in refused(
        run, file.assign(predicted=10 ** file["predicted"])
    )


def test_several_faults_stand_in_one_message(run, file: pd.DataFrame) -> None:
    said = refused(run, pd.concat([file.iloc[2:], file.tail(1)]))
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty: it needs a header with protocol, fold, electrolyte_id, predicted."),
        ("\n \n", "The header lacks"),
        ("protocol;fold\na;1", "The header lacks protocol, fold, electrolyte_id, predicted"),
        (HEADER, "a header and no predictions"),
        (f"{HEADER}\ngrouped,0,obelix:00", "Line 2: the number of cells is not that of the header (4)"),
        (f"{HEADER}\ngrouped,0,obelix:00,-3,2", "Line 2: the number of cells"),
    ],
)
def test_a_file_that_is_no_table_of_predictions_is_named(text: str, message: str) -> None:
    assert message in unreadable(text)


def test_blanks_further_columns_and_empty_lines_do_no_harm() -> None:
    text = (
        "note, protocol , fold, electrolyte_id, predicted, low, high\n\n x, grouped, 0, obelix:00, -3.5,,\n"
    )
    row = read_submission(text).iloc[0]
    assert (row["protocol"], row["fold"], row["electrolyte_id"], row["predicted"]) == (
        "grouped",
        0,
        "obelix:00",
        -3.5,
    )
    assert row["label_convention"] == "bound"
    assert row["line"] == 3


@pytest.mark.parametrize("name", ["", "a/b", "x" * 61, "-rm"])
def test_a_name_that_nobody_can_print_is_refused(run, file: pd.DataFrame, name: str) -> None:
    assert "cannot name a model" in refused(run, file, name)


@pytest.mark.parametrize("name", ["boosted_trees", "train_median", "qwen3-8b"])
def test_the_name_of_one_of_our_models_is_refused(run, file: pd.DataFrame, name: str) -> None:
    assert "give yours another --name" in refused(run, file, name)


def test_an_error_below_that_of_repeated_measurements_is_pointed_out(run, file, clusters) -> None:
    verdict = judge(submission(read(file), run.predictions, NAME), run.predictions, run.scores, clusters)
    assert too_good(verdict, NAME, 0.0) == []
    said = too_good(verdict, NAME, 50.0)
    assert [sentence.partition(":")[0] for sentence in said] == ["official", "grouped"]


def test_stored_predictions_of_other_folds_are_not_scored(
    run, file: pd.DataFrame, clusters: dict[str, pd.Series]
) -> None:
    table = submission(read(file), run.predictions, NAME)
    found, left_out = submitted_scores(table, run.predictions, clusters)
    assert left_out == []
    assert set(found["protocol"]) == {"diversity", "random", "official", "grouped"}
    moved = run.predictions.copy()
    is_moved = (moved["protocol"] == "grouped") & moved["fold"].isin([0, 1])
    moved.loc[is_moved, "fold"] = 1 - moved.loc[is_moved, "fold"]
    found, left_out = submitted_scores(table, moved, clusters)
    assert set(found["protocol"]) == {"diversity", "random", "official"}
    assert len(left_out) == 1
    assert "graph network, none, grouped" in left_out[0]
    nothing, _ = submitted_scores(metrics.SUBMITTED_PREDICTIONS.frame(), run.predictions, clusters)
    metrics.SCORES.check(nothing)
