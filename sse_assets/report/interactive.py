"""The report's main plots, to hover over and to zoom: plotly draws them, from one copy of itself."""

from dataclasses import dataclass
from html import escape

import pandas as pd
from plotly import graph_objects as go
from plotly.offline import get_plotlyjs

from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report.figure_style import BLUE, GREEN, GREY, INK, ORANGE, SKY, VERMILLION
from sse_assets.report.findings import most_honest
from sse_assets.report.inputs import ReportInputs
from sse_assets.report.titles import model_title
from sse_assets.tables.names import (
    SCORED_PROTOCOLS,
    Entry,
    FeatureSet,
    Metric,
    ModelName,
    Role,
    in_reading_order,
)

_LOG_SIGMA = "log<sub>10</sub>(σ / (S/cm))"
_BAND = "#EFF1F4"
_MODELS = (ModelName.GAUSSIAN_PROCESS, ModelName.BOOSTED_TREES)
_COLOURS = (VERMILLION, BLUE, GREEN, ORANGE, SKY, INK, GREY)


@dataclass(frozen=True)
class Plot:
    """A plot as HTML, which `library` must come before, with a title and a caption."""

    title: str
    caption: str
    html: str


def library() -> str:
    """Return plotly as JavaScript, 5 MB."""
    return str(get_plotlyjs())


def plots(inputs: ReportInputs) -> dict[str, Plot]:
    """Return the plots under the names by which the template places them, without those that lack data."""
    drawn = {}
    predictions = rows_with(inputs.predictions, label_convention=LabelConvention.BOUND)
    predictions = predictions[predictions["model"].isin(_MODELS)]
    told = _told(predictions, inputs.electrolytes)
    for protocol in in_reading_order(predictions["protocol"], SCORED_PROTOCOLS):
        drawn[f"parity_{protocol}"] = Plot(
            f"Figure 7(a) to (c). Predicted against measured: {protocol}",
            "Censored rows at the limit. The line is a perfect prediction, the band one log unit around it; "
            "open triangles lie below the detection limit. A click in the legend shows or hides a model; the "
            "rows that it was trained on are hidden at first.",
            _html(_parity(told[told["protocol"] == protocol])),
        )
    if (held := told[told["low"].notna() & (told["model"] == ModelName.GAUSSIAN_PROCESS)]).size:
        protocol = most_honest(held["protocol"])
        held = rows_with(held, protocol=protocol, role=Role.TEST)
        drawn["every_interval"] = Plot(
            f"Every 90 % interval: {protocol}",
            "Test rows of the Gaussian process in the order of its answers; censored rows at the limit.",
            _html(_intervals(held)),
        )
    if (ranked := _ranked(inputs.judging.leaderboard)).size:
        drawn["leaderboard"] = Plot(
            "Leaderboard",
            "Mean absolute error on test rows with its 95 % interval; censored rows at the limit; left is "
            "better.",
            _html(_leaderboard(ranked)),
        )
    return drawn


def _told(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with the lines that appear under the mouse, and whether the label is a bound."""
    by_id = electrolytes.set_index("electrolyte_id")
    words = {
        row: escape(f"{formula} ({row})") + (f"<br>{escape(doi)}" if isinstance(doi, str) else "")
        for row, formula, doi in by_id[["formula", "doi"]].itertuples(name=None)
    }
    ids = predictions["electrolyte_id"]
    return predictions[ids.isin(by_id.index)].assign(
        words=ids.map(words), censored=ids.map(by_id["censored"].astype(bool))
    )


def _parity(rows: pd.DataFrame) -> go.Figure:
    names = _of_models(rows)
    ends = [
        rows[["log10_sigma", "predicted"]].min().min() - 0.5,
        rows[["log10_sigma", "predicted"]].max().max() + 0.5,
    ]
    figure = go.Figure()
    band = [*(end - 1 for end in ends), *(end + 1 for end in reversed(ends))]
    figure.add_scatter(
        x=[*ends, *reversed(ends)], y=band, fill="toself", fillcolor=_BAND, mode="none", **_SILENT
    )
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"color": INK, "width": 1}, **_SILENT)
    for colour, (model, variant) in zip(_COLOURS, names, strict=False):
        of_model = rows_with(rows, model=model, variant=variant)
        for role in (Role.TEST, Role.TRAIN):
            # Under cross-validation a row trains in several folds; its point is the mean.
            points = (
                rows_with(of_model, role=role)
                .groupby("electrolyte_id")
                .agg({"log10_sigma": "mean", "predicted": "mean", "words": "first", "censored": "first"})
            )
            figure.add_scatter(
                x=points["log10_sigma"].round(2),
                y=points["predicted"].round(2),
                text=points["words"],
                mode="markers",
                name=f"{escape(model_title(model, variant))}, {role}",
                visible=True if role is Role.TEST and (model, variant) in names[:2] else "legendonly",
                marker={
                    "color": colour,
                    "size": 7 if role is Role.TEST else 5,
                    "opacity": 0.75 if role is Role.TEST else 0.4,
                    "symbol": points["censored"].map({True: "triangle-down-open", False: "circle"}),
                },
                hovertemplate="%{text}<br>measured %{x:.2f}, predicted %{y:.2f}<extra></extra>",
            )
    figure.update_xaxes(title=f"Measured {_LOG_SIGMA}", range=ends, constrain="domain")
    figure.update_yaxes(title=f"Predicted {_LOG_SIGMA}", range=ends, scaleanchor="x")
    return figure.update_layout(height=640)


def _intervals(rows: pd.DataFrame) -> go.Figure:
    rows = rows.sort_values("predicted", kind="stable").reset_index(drop=True)
    inside = rows["log10_sigma"].between(rows["low"], rows["high"])
    figure = go.Figure()
    figure.add_scatter(
        x=rows.index,
        y=rows["predicted"].round(2),
        mode="markers",
        name="predicted, with its interval",
        marker={"color": GREY, "size": 4},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["predicted"]).round(2),
            "arrayminus": (rows["predicted"] - rows["low"]).round(2),
            "color": "#D5D9DF",
            "thickness": 1,
            "width": 0,
        },
        hoverinfo="skip",
    )
    for name, colour, part in (
        ("measured, inside", BLUE, rows[inside]),
        ("measured, outside", VERMILLION, rows[~inside]),
    ):
        figure.add_scatter(
            x=part.index,
            y=part["log10_sigma"].round(2),
            customdata=part[["predicted", "low", "high"]].round(2),
            text=part["words"],
            mode="markers",
            name=f"{name} ({len(part)})",
            marker={"color": colour, "size": 6},
            hovertemplate="%{text}<br>measured %{y:.2f}<br>predicted %{customdata[0]:.2f}, "
            "%{customdata[1]:.2f} to %{customdata[2]:.2f}<extra></extra>",
        )
    figure.update_xaxes(title="Test rows, in the order of the predictions")
    return figure.update_yaxes(title=_LOG_SIGMA)


def _ranked(leaderboard: pd.DataFrame) -> pd.DataFrame:
    rows = rows_with(leaderboard, label_convention=LabelConvention.BOUND, metric=Metric.MAE)
    return rows[rows["entry"].isin([Entry.MODEL, Entry.BASELINE, Entry.SUBMITTED]) & rows["value"].notna()]


def _leaderboard(rows: pd.DataFrame) -> go.Figure:
    rows = rows.assign(title=[escape(title) for title in map(model_title, rows["model"], rows["variant"])])
    figure = go.Figure()
    protocols = in_reading_order(rows["protocol"], SCORED_PROTOCOLS)
    for colour, protocol in zip(_COLOURS, protocols, strict=False):
        part = rows_with(rows, protocol=protocol).sort_values("value")
        figure.add_scatter(
            x=part["value"],
            y=part["title"],
            mode="markers",
            name=protocol,
            visible=True if protocol == most_honest(rows["protocol"]) else "legendonly",
            marker={"color": colour, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part["high"] - part["value"],
                "arrayminus": part["value"] - part["low"],
                "thickness": 1.2,
            },
            customdata=part[["low", "high", "n"]],
            hovertemplate="%{y}<br>MAE %{x:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f}), "
            "n = %{customdata[2]}<extra></extra>",
        )
    worst_first = rows.groupby("title")["value"].mean().sort_values(ascending=False).index
    figure.update_yaxes(categoryorder="array", categoryarray=list(worst_first), automargin=True)
    figure.update_xaxes(title="Mean absolute error, log units", rangemode="tozero")
    return figure.update_layout(height=200 + 28 * rows["title"].nunique())


_SILENT = {"showlegend": False, "hoverinfo": "skip"}


def _of_models(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return models and variants, the process first, then the trees with the most features."""
    variants = in_reading_order(rows.loc[rows["model"] == ModelName.BOOSTED_TREES, "variant"], FeatureSet)
    process = rows.loc[rows["model"] == ModelName.GAUSSIAN_PROCESS, "variant"].unique()
    return [
        *((str(ModelName.GAUSSIAN_PROCESS), str(variant)) for variant in process),
        *((str(ModelName.BOOSTED_TREES), variant) for variant in reversed(variants)),
    ]


def _html(figure: go.Figure) -> str:
    figure.update_layout(
        template="plotly_white",
        font={"family": "system-ui, sans-serif", "color": INK},
        margin={"l": 60, "r": 10, "t": 10, "b": 50},
        legend={"orientation": "h", "y": -0.15},
        hovermode="closest",
    )
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False}))
