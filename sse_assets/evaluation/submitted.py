"""Somebody else's predictions: what is wrong with a file of them, and how they stand beside our own."""

import csv
import io
import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from scipy.stats import wilcoxon

from sse_assets.evaluation.coverage import coverage
from sse_assets.evaluation.current_rows import keep_current
from sse_assets.evaluation.intervals import Clusters, comparisons
from sse_assets.evaluation.leaderboard import BASELINES, best_model
from sse_assets.evaluation.metrics import scores
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import metrics
from sse_assets.tables.names import NO_VARIANT, Metric, ModelName, Protocol, Role

REQUIRED = ("protocol", "fold", "electrolyte_id", "predicted")
OPTIONAL = ("low", "high", "label_convention")
COPIED_WITHIN = 0.005 + 1e-9
"""A prediction this near to the label, in log units, may be the label with two decimals."""
_MOST = 0.5
_BY_CHANCE = 0.001
"""Probability of a false alarm from which on a file is not refused."""
_NAMED = 3
"""Cases that a sentence names; it counts the others."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,59}")
_ASKED = ["protocol", "fold", "label_convention", "electrolyte_id"]
_HONEST = (Protocol.PAPERS, Protocol.OFFICIAL, Protocol.GROUPED)


class SubmissionError(ValueError):
    """A file of predictions that cannot be scored: one sentence a line, each with a remedy."""


@dataclass(frozen=True)
class Verdict:
    """What a submission is worth, beside the baselines and our best model on the same rows."""

    scores: pd.DataFrame
    """As `tables.metrics.SCORES`: the submission, the baselines and our best model of each protocol."""
    comparisons: pd.DataFrame
    """As `tables.metrics.COMPARISONS`: the submission against each of the others."""
    coverage: pd.DataFrame
    """As `tables.metrics.COVERAGE`, of the submission, if it states intervals."""


def read_submission(text: str) -> pd.DataFrame:
    """Read a CSV of predictions.

    Returns:
        Columns protocol, fold, electrolyte_id, predicted, low, high (NaN if not stated), label_convention
        (`bound` if not stated) and `line`, the line of the file.

    Raises:
        SubmissionError: if a column is missing, or a cell is not what its column needs.
    """
    lines = [(number, cells) for number, cells in enumerate(csv.reader(io.StringIO(text)), 1) if any(cells)]
    if not lines:
        raise SubmissionError(f"The file is empty: it needs a header with {', '.join(REQUIRED)}.")
    header = [name.strip() for name in lines[0][1]]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise SubmissionError(
            f"The header lacks {', '.join(missing)}: it needs {', '.join(REQUIRED)}, and may have "
            f"{', '.join(OPTIONAL)}; columns are parted by commas."
        )
    if len(lines) == 1:
        raise SubmissionError("The file has a header and no predictions: add a line for each test row.")
    ragged = [number for number, cells in lines[1:] if len(cells) != len(header)]
    if ragged:
        raise SubmissionError(
            f"{_at(ragged)}: the number of cells is not that of the header ({len(header)}); put a text that "
            "holds a comma in quotes."
        )
    rows = pd.DataFrame([cells for _, cells in lines[1:]], columns=header).apply(
        lambda cells: cells.str.strip()
    )
    rows = rows.loc[:, ~rows.columns.duplicated()].assign(line=[number for number, _ in lines[1:]])
    if "label_convention" not in header:
        rows["label_convention"] = LabelConvention.BOUND.value
    rows["label_convention"] = rows["label_convention"].replace("", LabelConvention.BOUND.value)
    for name in ("low", "high"):
        rows[name] = rows[name] if name in header else ""
    _check_cells(rows)
    numbers = {name: pd.to_numeric(rows[name].replace("", None)) for name in ("predicted", "low", "high")}
    rows = rows.assign(fold=rows["fold"].astype(float).astype(int), **numbers)
    crossed = rows.loc[(rows["low"] > rows["high"]) | (rows["low"].isna() != rows["high"].isna()), "line"]
    if len(crossed):
        raise SubmissionError(
            f"{_at(crossed)}: an interval needs both ends, and low may not be above high; leave both empty "
            "where there is none."
        )
    return rows[[*REQUIRED, *OPTIONAL, "line"]]


def submission(
    given: pd.DataFrame,
    predictions: pd.DataFrame,
    name: str,
    *,
    only_train: Collection[str] = (),
    twins: pd.DataFrame | None = None,
    fill_missing: bool = False,
) -> pd.DataFrame:
    """Return a submission as a table, once it answers what was asked.

    Args:
        given: as `read_submission` returns it.
        predictions: a frame as `tables.metrics.PREDICTIONS` of this run. The train median's rows say which
            rows train and test, and with which label.
        name: of the model.
        only_train: electrolyte_ids that are never tested: the rows with a formula alone.
        twins: what `twins.barred_twins` returns; None does not look for a leak through them.
        fill_missing: whether the train median stands in for test rows that lack; such rows are marked.

    Returns:
        A frame as `tables.metrics.SUBMITTED_PREDICTIONS`, of every test row of the protocols given.

    Raises:
        SubmissionError: naming everything that is unknown, repeated, missing or leaks.
    """
    if not _NAME.fullmatch(name):
        raise SubmissionError(
            f"{name!r} cannot name a model: use at most 60 letters, digits, blanks and . _ + -, beginning "
            "with a letter or digit."
        )
    if name in set(predictions["model"]) | {str(model) for model in ModelName}:
        raise SubmissionError(f"{name!r} is a model of this project: give yours another --name.")
    asked = predictions[predictions["model"] == ModelName.TRAIN_MEDIAN]
    faults = _unknown(given, asked, only_train)
    if faults:
        raise SubmissionError("\n".join(faults))
    tested = asked[asked["role"] == Role.TEST]
    blocks = given[["protocol", "label_convention"]].drop_duplicates()
    wanted = tested.merge(blocks)
    matched = wanted.rename(
        columns={"predicted": "median", "low": "median_low", "high": "median_high"}
    ).merge(given.drop_duplicates(_ASKED), on=_ASKED, how="left")
    imputed = matched["predicted"].isna()
    faults = [
        *_repeated(given),
        *_trained(given, asked),
        *([] if fill_missing else _missing(matched[imputed], wanted)),
        *_not_logarithms(given),
        *_copied(matched, tested),
        *([] if twins is None else _nearer_to_twins(matched, twins, predictions)),
    ]
    if faults:
        raise SubmissionError("\n".join(faults))
    stand_ins = {"predicted": "median"}
    if matched["low"].notna().any():
        stand_ins |= {"low": "median_low", "high": "median_high"}
    filled = {
        column: matched[column].where(~imputed, matched[median]) for column, median in stand_ins.items()
    }
    return metrics.SUBMITTED_PREDICTIONS.frame(
        matched.assign(model=name, variant=NO_VARIANT, imputed=imputed, **filled)
    )


def judge(
    submitted: pd.DataFrame, predictions: pd.DataFrame, our_scores: pd.DataFrame, clusters: Clusters
) -> Verdict:
    """Score a submission with the same metrics, resamples and paired tests as our own models.

    Args:
        submitted: a frame as `tables.metrics.SUBMITTED_PREDICTIONS`, of one model.
        predictions: a frame as `tables.metrics.PREDICTIONS` of this run.
        our_scores: a frame as `tables.metrics.SCORES` of this run, which says what our best model is.
        clusters: what is resampled whole under which protocol.
    """
    name = submitted["model"].iloc[0]
    tests = predictions[predictions["role"] == Role.TEST]
    verdicts = []
    for (protocol, convention), rows in submitted.groupby(["protocol", "label_convention"], sort=False):
        block = tests[(tests["protocol"] == protocol) & (tests["label_convention"] == convention)]
        # Only the rows of the submission, so that a part of a protocol is compared with the same part.
        block = block.merge(rows[["fold", "electrolyte_id"]])
        best = best_model(our_scores, str(protocol), str(convention))
        others = [
            (str(model), str(variant))
            for model, variant in block[["model", "variant"]].drop_duplicates().itertuples(index=False)
            if model in BASELINES or (model, variant) == best
        ]
        shown = block[[key in others for key in zip(block["model"], block["variant"], strict=True)]]
        together = pd.concat([rows, shown], ignore_index=True)
        verdicts.append(
            (
                scores(together, clusters),
                comparisons(
                    together,
                    clusters,
                    against=lambda model, _, others=others: others if model == name else [],  # type: ignore[misc]
                ),
                coverage(rows),
            )
        )
    return Verdict(*(pd.concat(tables, ignore_index=True) for tables in zip(*verdicts, strict=True)))


def too_good(verdict: Verdict, name: str, scatter: float) -> list[str]:
    """Return a sentence for each honest protocol on which a submission errs less than a repeated measurement.

    Args:
        verdict: on the submission.
        name: of the submitted model.
        scatter: mean difference of a measurement from the median of other papers, log units.
    """
    table = verdict.scores
    mae = table[(table["model"] == name) & (table["metric"] == Metric.MAE) & table["protocol"].isin(_HONEST)]
    return [
        f"{row['protocol']}: the MAE of {row['value']:.2f} is below {scatter:.2f}, by which a "
        "measurement differs from other papers on its composition; check that no label of a test row was "
        "trained on."
        for row in mae.to_dict("records")
        if row["value"] < scatter
    ]


def submitted_scores(
    submitted: pd.DataFrame, predictions: pd.DataFrame, clusters: Clusters
) -> tuple[pd.DataFrame, list[str]]:
    """Return the scores of the stored submissions that answer today's folds and labels.

    Args:
        submitted: a frame as `tables.metrics.SUBMITTED_PREDICTIONS`.
        predictions: a frame as `tables.metrics.PREDICTIONS` of this run.
        clusters: what is resampled whole under which protocol.

    Returns:
        A frame as `tables.metrics.SCORES`, and a sentence for each submission and protocol left out.
    """
    current, left_out = keep_current(submitted, predictions)
    return scores(current, clusters), left_out


def _check_cells(rows: pd.DataFrame) -> None:
    faults = []
    for name, allowed in (
        ("protocol", [protocol for protocol in Protocol if protocol is not Protocol.ALL_ROWS]),
        ("label_convention", list(LabelConvention)),
    ):
        wrong = rows[~rows[name].isin([str(value) for value in allowed])]
        if len(wrong):
            faults.append(
                f"{_at(wrong['line'])}: {name} {wrong[name].iloc[0]!r} is not known; "
                f"use {', '.join(allowed)}."
            )
    whole = rows["fold"].map(lambda cell: _number(cell) is not None and float(cell) == int(float(cell)))
    if not whole.all():
        wrong = rows[~whole]
        faults.append(
            f"{_at(wrong['line'])}: fold {wrong['fold'].iloc[0]!r} is not a whole number; "
            "copy it from folds.csv."
        )
    for name, may_be_empty in (("predicted", False), ("low", True), ("high", True)):
        wrong = rows[[_number(cell) is None and not (may_be_empty and cell == "") for cell in rows[name]]]
        if len(wrong):
            faults.append(
                f"{_at(wrong['line'])}: {name} {wrong[name].iloc[0]!r} is not a finite number; "
                "give log10(σ / (S/cm))" + (", or nothing." if may_be_empty else ".")
            )
    if faults:
        raise SubmissionError("\n".join(faults))


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _unknown(given: pd.DataFrame, asked: pd.DataFrame, only_train: Collection[str]) -> list[str]:
    faults = []
    absent = given[~given["protocol"].isin(asked["protocol"])]
    if len(absent):
        there_are = ", ".join(asked["protocol"].unique())
        faults.append(
            f"{_at(absent['line'])}: this data set has no {absent['protocol'].iloc[0]}; it has {there_are}."
        )
    ids = given[~given["electrolyte_id"].isin([*asked["electrolyte_id"].unique(), *only_train])]
    if len(ids):
        faults.append(
            f"{_at(ids['line'])}: electrolyte_id {ids['electrolyte_id'].iloc[0]!r} is not known; "
            "copy it from folds.csv of this data set."
        )
    there = set(zip(asked["protocol"], asked["fold"], strict=True))
    folds = given[
        [
            key not in there and key[0] not in set(absent["protocol"])
            for key in zip(given["protocol"], given["fold"], strict=True)
        ]
    ]
    if len(folds):
        first = folds.iloc[0]
        faults.append(
            f"{_at(folds['line'])}: {first['protocol']} has no fold {first['fold']}; copy it from folds.csv."
        )
    return faults


def _repeated(given: pd.DataFrame) -> list[str]:
    again = given[given.duplicated(_ASKED)]
    if again.empty:
        return []
    first = again.iloc[0]
    return [
        f"{_at(again['line'])}: {first['electrolyte_id']} is predicted twice in fold {first['fold']} of "
        f"{first['protocol']}; keep one line for each test row of a fold."
    ]


def _trained(given: pd.DataFrame, asked: pd.DataFrame) -> list[str]:
    """Name rows that the fold does not test: what a model says of its training rows is no prediction."""
    tests = asked.loc[asked["role"] == Role.TEST, _ASKED]
    wrong = given.merge(tests, on=_ASKED, how="left", indicator=True).query("_merge == 'left_only'")
    if wrong.empty:
        return []
    first = wrong.iloc[0]
    tested = tests[
        (tests["protocol"] == first["protocol"]) & (tests["electrolyte_id"] == first["electrolyte_id"])
    ]
    where = f"is tested in fold {tested['fold'].iloc[0]}" if len(tested) else "is never tested there"
    return [
        f"{_at(wrong['line'])}: this leaks, for {first['electrolyte_id']} is no test row of fold "
        f"{first['fold']} of {first['protocol']} (it {where}); give only the rows whose role is test in "
        "folds.csv, each in its own fold."
    ]


def _missing(lacking: pd.DataFrame, wanted: pd.DataFrame) -> list[str]:
    faults = []
    for (protocol, convention), rows in lacking.groupby(["protocol", "label_convention"], sort=False):
        n = ((wanted["protocol"] == protocol) & (wanted["label_convention"] == convention)).sum()
        named = [f"{row.electrolyte_id} of fold {row.fold}" for row in rows.head(_NAMED).itertuples()]
        faults.append(
            f"{protocol} ({convention}) lacks {len(rows)} of {n} test rows ({_listed(named, len(rows))}): "
            "predict them, or let the train median stand in for them with --fill-missing."
        )
    return faults


def _not_logarithms(given: pd.DataFrame) -> list[str]:
    if (given["predicted"] > 0).mean() <= _MOST:
        return []
    return [
        "Most predictions are above 0, a conductivity above 1 S/cm: give log10(σ / (S/cm)), such as -3.2."
    ]


def _copied(matched: pd.DataFrame, tested: pd.DataFrame) -> list[str]:
    """Name the protocols in which most predictions are the labels, under either convention."""
    labels = tested.drop_duplicates(["electrolyte_id", "label_convention"]).pivot_table(
        index="electrolyte_id", columns="label_convention", values="log10_sigma"
    )
    off = labels.loc[matched["electrolyte_id"]].sub(matched["predicted"].to_numpy(), axis=0).abs().min(axis=1)
    equal = pd.Series((off <= COPIED_WITHIN).to_numpy(), index=matched.index)[matched["predicted"].notna()]
    shares = equal.groupby(matched["protocol"], sort=False).mean()
    return [
        f"{protocol}: this leaks, for {share:.0%} of the predictions are the measured values themselves; "
        "predict each fold with a model that saw only the labels of its training rows."
        for protocol, share in shares.items()
        if share > _MOST
    ]


def _nearer_to_twins(matched: pd.DataFrame, twins: pd.DataFrame, predictions: pd.DataFrame) -> list[str]:
    """Name the honest protocols in which predictions lean to barred labels more than the process's do.

    A test row and its twin are two measurements of one composition. A model that saw neither has no reason
    to lean to the twin. Where one of the two is an outlier, every honest model leans to the other, so the
    Gaussian process is the control. Under the other protocols it is none, for there a good model knows rows
    of the same paper. Wilcoxon's signed-rank test (Biometrics Bull. 1, 80, 1945), on means by composition,
    tells whether the predictions lean more.
    """
    process = predictions[predictions["model"] == ModelName.GAUSSIAN_PROCESS]
    by_label = (_lean_to_twins(matched, twins) - _lean_to_twins(process, twins)).dropna()
    leans = by_label.groupby(level=["protocol", "composition_key"], sort=False).mean()
    faults = []
    for protocol in _HONEST:
        more = leans[leans.index.get_level_values("protocol") == protocol]
        if (more != 0).any() and wilcoxon(more, alternative="greater").pvalue < _BY_CHANCE:
            faults.append(
                f"{protocol}: this leaks, for the predictions for {len(more)} compositions lie nearer to the "
                "measured values of rows with a formula alone that may not train in the fold, by "
                f"{more.mean():.2f} log units more than those of a model that has not seen them; train on "
                "the rows that folds.csv names for each fold, and on no others."
            )
    return faults


def _lean_to_twins(predicted: pd.DataFrame, twins: pd.DataFrame) -> pd.Series:
    """Return how much nearer predictions are to the twins' labels than to the rows' own, in log units.

    Means by `protocol`, `label_convention` and `composition_key`.
    """
    pairs = predicted.dropna(subset=["predicted"]).merge(twins, on=_ASKED)
    own, twin = ((pairs["predicted"] - pairs[label]).abs() for label in ("log10_sigma", "twin_label"))
    by = [pairs[name] for name in ("protocol", "label_convention", "composition_key")]
    return (own - twin).groupby(by, sort=False).mean()


def _at(lines: Iterable[int]) -> str:
    numbers = list(lines)
    return f"Line{'s' if len(numbers) > 1 else ''} {_listed(numbers[:_NAMED], len(numbers))}"


def _listed(named: Sequence[object], n: int) -> str:
    return ", ".join(map(str, named)) + (f" and {n - len(named)} more" if n > len(named) else "")
