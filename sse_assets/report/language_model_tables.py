"""Printed scores of the fine-tuned language models, by prompt case and by number mode, and their cost.

A table of fits runs through here, with one row for each model trained.
"""

import pandas as pd

from sse_assets.evaluation.floor import gain_of_doubling
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report import published
from sse_assets.report.cells import NAN, Cell, Table, count, number, score
from sse_assets.report.score_tables import held_out_mae
from sse_assets.report.titles import METRICS, MODEL_TITLES, NUMBER_MODES, PROMPT_CASES
from sse_assets.tables.names import LANGUAGE_MODELS, SCORED_PROTOCOLS, Protocol, Role, Task, in_reading_order


def scored_protocols(fits: pd.DataFrame) -> list[str]:
    """Return the protocols that some model was trained under; the fit on all rows is none."""
    return [protocol for protocol in SCORED_PROTOCOLS if (fits["protocol"] == protocol).any()]


def case_by_model(scores: pd.DataFrame, protocol: str) -> Table:
    """Print Figure 8 in numbers: test scores of every case and model, by the distribution over numbers.

    Under `diversity`, the paper's protocol, its values stand below ours as far as it prints them.
    """
    rows = rows_with(scores, protocol=protocol, label_convention=LabelConvention.BOUND, role=Role.TEST)
    rows = rows[rows["model"].isin(LANGUAGE_MODELS) & rows["variant"].isin(PROMPT_CASES)]
    by_name = {(row["model"], row["variant"], row["metric"]): row for row in rows.to_dict("records")}
    models = in_reading_order(rows["model"], LANGUAGE_MODELS)
    printed = []
    for case in in_reading_order(rows["variant"], PROMPT_CASES):
        cells = [Cell(case.replace("_", " ").capitalize(), note=PROMPT_CASES[case])]
        for model in models:
            for metric in METRICS:
                cell = score(by_name.get((model, case, metric)), digits=2)
                paper = published.FIGURE_8_TEST_SCORES.get((model, case, metric))
                if paper is not None and protocol == Protocol.DIVERSITY:
                    cell = Cell(cell.text, note=f"{cell.note}; paper {paper}", is_number=True)
                cells.append(cell)
        printed.append(tuple(cells))
    return Table(
        f"Language models by prompt case: {protocol}, test",
        ("Prompt", *tuple(METRICS.values()) * len(models)),
        tuple(printed),
        groups=(("", 1), *((MODEL_TITLES[model], len(METRICS)) for model in models)),
    )


def number_modes(scores: pd.DataFrame, fits: pd.DataFrame) -> Table:
    """Print the test MAE of each way to get a number out of a model, and how many samples were a number.

    Convention `bound`. Valid answers are counted over all folds of a protocol.
    """
    protocols = scored_protocols(fits)
    printed = []
    for model in in_reading_order(fits["base_model"], LANGUAGE_MODELS):
        of_model = rows_with(fits, base_model=model, label_convention=LabelConvention.BOUND)
        for case in in_reading_order(of_model["case"], PROMPT_CASES):
            cells = [Cell(MODEL_TITLES[model], note=f"{case.replace('_', ' ')}: {PROMPT_CASES[case]}")]
            for protocol in protocols:
                cells += [
                    number(held_out_mae(scores, protocol, model, case + suffix), 2) for suffix in NUMBER_MODES
                ]
                folds = rows_with(of_model, case=case, kind=Task.TEXT, protocol=protocol)
                cells.append(Cell(f"{folds['n_valid'].sum():.0f} of {folds['n_total'].sum():.0f}"))
            printed.append(tuple(cells))
    return Table(
        "Test MAE by how the number was got out of the model",
        ("Model", *(*NUMBER_MODES.values(), "answers that are a number") * len(protocols)),
        tuple(printed),
        groups=(("", 1), *((protocol, 1 + len(NUMBER_MODES)) for protocol in protocols)),
    )


def costs(fits: pd.DataFrame) -> Table:
    """Print time, memory and speed of a fit, averaged over the folds of a model and case."""
    printed: list[tuple[Cell, ...]] = []
    for key, group in fits.groupby(["base_model", "case", "kind", "placement"], sort=False):
        model, case, kind, placement = (str(part) for part in key)
        printed.append(
            (
                Cell(MODEL_TITLES.get(model, model), note=f"{case.replace('_', ' ')}, {kind}"),
                count(len(group)),
                number(group["seconds"].mean() / 60, 1),
                number(group["seconds"].sum() / 60, 0),
                number(group["peak_memory_gb"].max(), 1),
                count(group["tokens_per_second"].mean()),
                Cell(placement),
            )
        )
    paper = (Cell("The paper", note="one fit"), count(1), number(published.FINE_TUNING_MINUTES, 0))
    printed.append((*paper, *[number(NAN)] * 3, Cell("RTX 4090")))
    return Table(
        "What fine-tuning cost",
        ("Model", "Fits", "Minutes a fit", "in all", "Peak memory (GB)", "Tokens a second", "Held how"),
        tuple(printed),
    )


def left_for_pretraining(curves: pd.DataFrame, process: pd.DataFrame) -> list[str]:
    """Say what a pretrained model would have to add to the small one: a paragraph for each prompt case.

    Convention `bound`. Both models train on the same papers and are tested on the same rows.

    Args:
        curves: a frame as `tables.metrics.SMALL_LANGUAGE_MODEL_LEARNING_CURVE`.
        process: a frame as `tables.metrics.LEARNING_CURVE`. A curve of other rows, as after a change of the
            data, is not compared with it.
    """
    return [
        _left_for_pretraining(PROMPT_CASES[str(case)], both)
        for case, curve in curves.groupby("case")
        if len(both := _beside(curve, process)) > 1
    ]


def _beside(curve: pd.DataFrame, process: pd.DataFrame) -> pd.DataFrame:
    """Return a learning curve with the error of the process on the same rows, `process_mae`."""
    rows = ["label_convention", "share", "n_papers", "n_train", "n"]
    both = curve.merge(process[[*rows, "mae"]].rename(columns={"mae": "process_mae"}), on=rows)
    return rows_with(both, label_convention=LabelConvention.BOUND).sort_values("share")


def _left_for_pretraining(prompt: str, curve: pd.DataFrame) -> str:
    gain, last = gain_of_doubling(curve), curve.iloc[-1]
    gap = last["mae"] - last["process_mae"]
    sentences = [
        f"On whole papers held out ({last['n']} rows), the small model that reads the {prompt} errs by "
        f"{_listed(curve['mae'])} log units, where the papers that train it hold "
        f"{_listed(curve['n_train'], 0)} measurements.",
        f"The Gaussian process errs by {_listed(curve['process_mae'])}, trained on the same papers and told "
        "of chemistry and cell too.",
        f"With each doubling, the error of the small model falls by {gain:.2f}."
        if gain > 0
        else "The error of the small model does not fall with more measurements.",
    ]
    if gap <= 0:
        sentences.append(
            "On all papers it errs no more than the process, so pretraining has nothing to make up for."
        )
    else:
        sentences.append(f"Pretraining would have to add the {gap:.2f} by which it errs more on all papers.")
        if gain > 0:
            times = 2 ** (gap / gain)
            sentences.append(f"If the line went on, {times:.0f} times as many measurements would do it.")
    return " ".join(sentences)


def _listed(values: pd.Series, digits: int = 2) -> str:
    *others, last = (f"{value:.{digits}f}" for value in values)
    return f"{', '.join(others)} and {last}"
