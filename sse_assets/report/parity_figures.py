"""Plots of predicted against measured: Figure 7(a) to (c) of the trees, Figure 8 of the language models."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sse_assets.evaluation.metrics import mean_absolute_error, r_squared, root_mean_squared_error, spearman
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report.figure_style import INK, SKY, VERMILLION, grid, house_style
from sse_assets.report.titles import FEATURE_SET_TITLES, MODEL_TITLES, PROMPT_CASES, VARIANT_TITLES
from sse_assets.tables.names import LANGUAGE_MODELS, FeatureSet, ModelName, Protocol, in_reading_order

_LOG_SIGMA = "log₁₀(σ / (S/cm))"
_TEXT_BOX = {"facecolor": "white", "alpha": 0.8, "linewidth": 0}
_BAND = "#EFF1F4"
"""Colour of the band within one log unit of the measured value."""


@house_style
def parity_plots(
    predictions: pd.DataFrame,
    electrolytes: pd.DataFrame,
    protocol: str = Protocol.DIVERSITY,
    convention: str = LabelConvention.BOUND,
) -> Figure:
    """Draw Figure 7(a) to (c): predicted against measured, train and test, one panel for each feature set.

    Draws those feature sets of the boosted trees that `predictions` holds. Under cross-validation a train
    point is the mean over the folds that trained on it. Triangles are censored rows.
    """
    rows = rows_with(
        predictions, protocol=protocol, label_convention=convention, model=ModelName.BOOSTED_TREES
    )
    variants = in_reading_order(rows["variant"], FeatureSet)
    trees: str = ModelName.BOOSTED_TREES
    panels = {(0, column): (trees, variant) for column, variant in enumerate(variants)}
    titles = {name: FEATURE_SET_TITLES.get(name[1], name[1]) for name in panels.values()}
    return _parity_grid(rows, electrolytes, panels, titles)


@house_style
def language_model_parity(
    predictions: pd.DataFrame,
    electrolytes: pd.DataFrame,
    protocol: str = Protocol.DIVERSITY,
    convention: str = LabelConvention.BOUND,
) -> Figure:
    """Draw Figure 8: predicted against measured for language models, a row a prompt case, a column a model.

    The prediction is the median of the distribution over numbers. Draws those cases and models that
    `predictions` holds; a case that a model was not trained on leaves its place empty.
    """
    rows = rows_with(predictions, protocol=protocol, label_convention=convention)
    rows = rows[rows["model"].isin(LANGUAGE_MODELS) & rows["variant"].isin(PROMPT_CASES)]
    models = in_reading_order(rows["model"], LANGUAGE_MODELS)
    cases = in_reading_order(rows["variant"], PROMPT_CASES)
    trained = set(zip(rows["model"], rows["variant"], strict=True))
    panels = {
        (row, column): (model, case)
        for row, case in enumerate(cases)
        for column, model in enumerate(models)
        if (model, case) in trained
    }
    titles = {
        (model, case): f"{MODEL_TITLES[model]}, {VARIANT_TITLES[case]}" for model, case in panels.values()
    }
    return _parity_grid(rows, electrolytes, panels, titles)


def _parity_grid(
    rows: pd.DataFrame,
    electrolytes: pd.DataFrame,
    panels: Mapping[tuple[int, int], tuple[str, str]],
    titles: Mapping[tuple[str, str], str],
) -> Figure:
    """Draw one panel for each model and variant, at its row and column; all on the same axes."""
    if not panels:
        return Figure(figsize=(4.3, 4.7), layout="constrained")
    n_rows, n_columns = (1 + max(place[axis] for place in panels) for axis in (0, 1))
    figure = Figure(figsize=(4.3 * n_columns, 0.4 + 4.3 * n_rows), layout="constrained")
    censored = electrolytes.loc[electrolytes["censored"].astype(bool), "electrolyte_id"]
    low, high = _limits(rows)
    places = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for (row, column), axes in np.ndenumerate(places):
        name = panels.get((row, column))
        if name is None:
            axes.set_axis_off()
            continue
        axes.plot((low, high), (low, high), color=INK, linewidth=1)
        axes.fill_between((low, high), (low - 1, high - 1), (low + 1, high + 1), color=_BAND, linewidth=0)
        _draw_parity(axes, rows_with(rows, model=name[0], variant=name[1]), censored)
        axes.set(title=titles[name], xlim=(low, high), ylim=(low, high), aspect="equal")
        grid(axes, "both")
        if row == n_rows - 1:
            axes.set_xlabel(f"Measured {_LOG_SIGMA}")
        if column == 0:
            axes.set_ylabel(f"Predicted {_LOG_SIGMA}")
    places[max(panels)].legend(loc="lower right", handletextpad=0.1, borderpad=0.1)
    return figure


def _draw_parity(axes: Axes, rows: pd.DataFrame, censored: pd.Series) -> None:
    """Draw train and test points of one feature set (censored: triangles), and the metrics in a corner."""
    for role, colour, size in (("train", SKY, 13), ("test", VERMILLION, 17)):
        points = rows_with(rows, role=role).groupby("electrolyte_id")[["log10_sigma", "predicted"]].mean()
        below = points.index.isin(censored)
        for marker, chosen, label in (("o", ~below, role.title()), ("v", below, f"{role.title()}, censored")):
            axes.scatter(
                points["log10_sigma"][chosen],
                points["predicted"][chosen],
                s=size if marker == "o" else 1.6 * size,
                marker=marker,
                color=colour if marker == "o" else "none",
                edgecolors="white" if marker == "o" else colour,
                linewidths=0.3 if marker == "o" else 1,
                label=label,
            )
    axes.text(
        0.04,
        0.97,
        _metrics_text(rows),
        transform=axes.transAxes,
        va="top",
        size=9,
        linespacing=1.35,
        bbox=_TEXT_BOX,
    )


def _metrics_text(rows: pd.DataFrame) -> str:
    lines = []
    for role in ("test", "train"):
        part = rows_with(rows, role=role)
        true, predicted = (part[column].to_numpy(float) for column in ("log10_sigma", "predicted"))
        lines.append(
            f"{role.title()}: MAE {float(mean_absolute_error(true, predicted)):.3f}, "
            f"R² {float(r_squared(true, predicted)):.3f}"
        )
        if role == "test":
            lines.append(
                f"RMSE {float(root_mean_squared_error(true, predicted)):.3f}, "
                f"SRCC {float(spearman(true, predicted)):.3f}"
            )
    return "\n".join(lines)


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Return whole log units around all measured and predicted values, the same for both axes."""
    values = rows[["log10_sigma", "predicted"]].to_numpy()
    return float(np.floor(values.min())), float(np.ceil(values.max()))
