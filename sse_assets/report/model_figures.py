"""Figures of the models: what moves predictions (Figure 7(d)), and errors under every protocol."""

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report import published
from sse_assets.report.figure_style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    SPECTRUM,
    VERMILLION,
    grid,
    house_style,
)
from sse_assets.report.titles import (
    LABEL_CONVENTIONS,
    MODEL_TITLES,
    PROMPT_CASES,
    feature_title,
    model_title,
)
from sse_assets.tables.names import (
    LANGUAGE_MODELS,
    SCORED_PROTOCOLS,
    FeatureSet,
    Metric,
    ModelName,
    Protocol,
    Role,
    in_reading_order,
)

_MARKER = "o"
_MODEL_COLOURS = {
    ModelName.TRAIN_MEDIAN: GREY,
    ModelName.NEAREST_NEIGHBOUR: ORANGE,
    ModelName.BOOSTED_TREES: BLUE,
    **dict.fromkeys(LANGUAGE_MODELS, GREEN),
}


@house_style
def shap_summary(shap_values: pd.DataFrame, n_features: int = 12) -> Figure:
    """Draw Figure 7(d): the features that move predictions most, ranked, and every row's SHAP value.

    Args:
        shap_values: Columns electrolyte_id, feature, feature_value, shap_value (log units).
        n_features: Number of features to draw.
    """
    strength = shap_values["shap_value"].abs().groupby(shap_values["feature"]).mean()
    top = strength.sort_values(ascending=False).head(n_features)
    figure = Figure(figsize=(11, 1.4 + 0.42 * max(len(top), 3)), layout="constrained")
    ranking, swarm = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.7))
    ranking.barh(range(len(top)), top, 0.62, color=BLUE)
    ranking.set(title="Ranking", xlabel="Mean |SHAP value| (log units)")
    ranking.set_yticks(range(len(top)), [feature_title(name) for name in top.index])
    ranking.set_ylim(len(top) - 0.4, -0.6)
    grid(ranking, "x")
    for position, name in enumerate(top.index):
        rows = shap_values[shap_values["feature"] == name]
        known = rows["feature_value"].notna()
        height = position + _swarm_offsets(rows["shap_value"].to_numpy())
        swarm.scatter(rows["shap_value"][~known], height[~known], s=7, color=PALE, linewidths=0)
        swarm.scatter(
            rows["shap_value"][known],
            height[known],
            s=7,
            c=rows["feature_value"][known].rank(pct=True),
            cmap=SPECTRUM,
            linewidths=0,
        )
    swarm.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    swarm.set(title="Every electrolyte", xlabel="SHAP value: change of the predicted log₁₀ σ")
    grid(swarm, "both")
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), SPECTRUM), ax=swarm, aspect=40, ticks=[0, 1])
    bar.ax.set_yticklabels(["Low", "High"])
    bar.set_label("Feature value, by rank (grey: unknown)", labelpad=-18)
    bar.outline.set_visible(False)
    return figure


@house_style
def scores_overview(scores: pd.DataFrame) -> Figure:
    """Draw the test MAE of every model under every protocol, with 95 % intervals.

    Filled marks are convention `bound`, open ones `obelix`. Published values are drawn where they belong:
    the paper's under `diversity`, OBELiX's random forest under `official`. Of a language model only the
    predictions by the distribution over numbers are drawn.
    """
    mae = rows_with(scores, metric=Metric.MAE, role=Role.TEST)
    mae = mae[~mae["model"].isin(LANGUAGE_MODELS) | mae["variant"].isin(PROMPT_CASES)]
    protocols = in_reading_order(mae["protocol"], SCORED_PROTOCOLS)
    models = [
        (model, variant)
        for model in in_reading_order(mae["model"], MODEL_TITLES)
        for variant in in_reading_order(mae.loc[mae["model"] == model, "variant"], FeatureSet)
    ]
    size = (3.0 + 2.4 * max(len(protocols), 1), 1.6 + 0.5 * max(len(models), 1))
    figure = Figure(figsize=size, layout="constrained")
    if not models:
        return figure
    panels = figure.subplots(1, len(protocols), sharex=True, sharey=True, squeeze=False)[0]
    for axes, protocol in zip(panels, protocols, strict=True):
        for score in mae[mae["protocol"] == protocol].to_dict("records"):
            filled = score["label_convention"] == LabelConvention.BOUND
            height = models.index((score["model"], score["variant"])) + (-0.16 if filled else 0.16)
            colour = _MODEL_COLOURS.get(score["model"], VERMILLION)
            axes.plot((score["low"], score["high"]), (height, height), color=colour, linewidth=1.8)
            axes.plot(
                score["value"], height, _MARKER, color=colour, markerfacecolor=colour if filled else "white"
            )
        if protocol == Protocol.DIVERSITY:
            for (variant, metric), value in published.FIGURE_7_TEST_SCORES.items():
                if metric == "mae" and (ModelName.BOOSTED_TREES, variant) in models:
                    height = models.index((ModelName.BOOSTED_TREES, variant))
                    axes.plot((value, value), (height - 0.38, height + 0.38), color=VERMILLION, linewidth=2.2)
        if protocol == Protocol.OFFICIAL:
            axes.axvspan(*published.OBELIX_RANDOM_FOREST_MAE, color=VERMILLION, alpha=0.35, linewidth=0)
        axes.set(title=protocol, xlabel="Test MAE (log units)")
        grid(axes, "x")
    panels[0].set(xlim=(0, None), ylim=(len(models) - 0.5, -0.5))
    panels[0].set_yticks(range(len(models)), [model_title(*name) for name in models])
    figure.legend(
        handles=[
            *(
                Line2D(
                    [],
                    [],
                    color=INK,
                    marker=_MARKER,
                    linestyle="",
                    markerfacecolor=INK if convention == LabelConvention.BOUND else "white",
                    label=title,
                )
                for convention, title in LABEL_CONVENTIONS.items()
            ),
            Line2D(
                [], [], color=VERMILLION, linewidth=2.2, label="published: the paper, OBELiX's random forest"
            ),
        ],
        loc="outside lower right",
        ncols=3,
    )
    return figure


@house_style
def residuals_by_family(
    predictions: pd.DataFrame,
    electrolytes: pd.DataFrame,
    protocol: str = Protocol.GROUPED,
    convention: str = LabelConvention.BOUND,
    n_families: int = 10,
) -> Figure:
    """Draw the test residuals (predicted minus measured) of the trees on all features, by family.

    Draws the families with most test rows, the most frequent first; the box spans the quartiles.
    """
    rows = rows_with(
        predictions,
        model=ModelName.BOOSTED_TREES,
        variant=FeatureSet.ALL,
        protocol=protocol,
        label_convention=convention,
        role=Role.TEST,
    )
    family = rows["electrolyte_id"].map(electrolytes.set_index("electrolyte_id")["family"])
    residual = rows["predicted"] - rows["log10_sigma"]
    families = family.value_counts().head(n_families)
    figure = Figure(figsize=(8.5, 1.3 + 0.42 * max(len(families), 1)), layout="constrained")
    axes = figure.add_subplot(
        title=f"Who is predicted too high, who too low ({protocol})",
        xlabel="Predicted minus measured log₁₀ σ (log units)",
    )
    for position, name in enumerate(families.index):
        values = residual[family == name].to_numpy()
        height = position + _swarm_offsets(values)
        axes.scatter(values, height, s=9, color=BLUE, alpha=0.55, linewidths=0)
        axes.boxplot(
            values,
            positions=[position],
            orientation="horizontal",
            widths=0.62,
            showfliers=False,
            whis=0,
            showcaps=False,
            medianprops={"color": VERMILLION, "linewidth": 2},
            boxprops={"color": INK, "linewidth": 0.9},
        )
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(range(len(families)), [f"{name} ({n})" for name, n in families.items()])
    axes.set_ylim(len(families) - 0.4, -0.6)
    grid(axes, "x")
    return figure


def _swarm_offsets(values: NDArray[np.float64], n_bins: int = 90) -> NDArray[np.float64]:
    """Return heights in [-0.38, 0.38] that spread points of similar value, more where there are more."""
    spread = np.ptp(values) if len(values) else 0.0
    bins = (
        np.zeros(len(values), int) if spread == 0 else ((values - values.min()) / spread * n_bins).astype(int)
    )
    in_bin = pd.Series(bins).groupby(bins).cumcount().to_numpy()
    layer = (in_bin + 1) // 2 * np.where(in_bin % 2, 1, -1)
    return 0.38 * layer / max(layer.max(initial=0), 8)
