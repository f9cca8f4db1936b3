"""Coverage, learning curve, factors and SHAP rankings, in print and in pictures."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sse_assets.report.evidence_figures import (
    gains_of_factors,
    intervals_of_parts,
    learning_curves,
    shap_by_kind,
)
from sse_assets.report.evidence_tables import (
    coverage_of_parts,
    honest_parts,
    process_factors,
    shap_features,
    shap_kinds,
)
from sse_assets.report.figure_style import png_bytes
from sse_assets.report.inputs import Evidence, ReportInputs
from sse_assets.report.page import render_report
from sse_assets.tables import metrics

COVERED = {
    "model": "gaussian_process",
    "variant": "none",
    "role": "test",
    "mean_width": 4.6,
    "coverage_low": 0.8,
    "coverage_high": 0.95,
    "coverage_50": 0.47,
    "mean_width_50": 1.5,
    "mae_low": 0.9,
    "mae_high": 1.4,
    "mean_distance": 0.35,
}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    coverage = [
        {"protocol": protocol, "label_convention": convention, "coverage_of": of, "part": part}
        | COVERED
        | {"coverage": share, "mae": mae, "n": n}
        for protocol in ("random", "grouped")
        for convention in ("bound", "obelix")
        for of, part, share, mae, n in (
            ("family", "Garnet (Oxide)", 0.99, 0.43, 115),
            ("family", "Other (Oxide)", 0.8, 2.09, 74),
            ("family", "Rare", 0.5, 3.0, 14),
            ("domain", "outside", 0.88, 1.56, 67),
            ("domain", "inside", 0.91, 1.07, 548),
            ("distance", "far", 0.85, 1.8, 204),
            ("distance", "near", 0.95, 0.61, 206),
            ("whole", "all", 0.91, 1.13, 615),
        )
    ]
    curve = [
        {"label_convention": convention, "share": share, "n_papers": 240 * share, "n_train": 800 * share}
        | {"mae": mae, "low": mae - 0.2, "high": mae + 0.2, "n": 600}
        for convention in ("obelix", "bound")
        for share, mae in ((0.5, 1.2), (1.0, 1.1))
    ]
    factors = [
        {"label_convention": "bound", "factor": factor, "gain": gain, "low": gain - 0.1, "high": gain + 0.1}
        | {"share": gain, "mae": 1.05, "mae_without": 1.07, "mae_alone": 1.12, "mae_of_none": 2.17, "n": 615}
        for factor, gain in (("composition", 0.6), ("cell", 0.4))
    ]
    ranking = [
        {"protocol": protocol, "label_convention": "bound", "ranked": ranked, "name": name, "kind": kind}
        | {"mean_abs_shap": strength, "rank": rank, "paper_rank": paper_rank, "n": 100}
        for protocol, strongest in (("diversity", "b"), ("grouped", "O"))
        for ranked, name, kind, paper_rank in (
            ("feature", "b", "cell lengths", 1),
            ("feature", "O", "anions", 4),
            ("feature", "Li", "lithium", None),
            ("kind", "cell lengths", "cell lengths", None),
        )
        for strength, rank in [(0.5, 1) if name == strongest else (0.25, 2)]
    ]
    return Evidence(
        metrics.COVERAGE.frame(coverage),
        metrics.LEARNING_CURVE.frame(curve),
        metrics.PROCESS_FACTORS.frame(factors),
        metrics.SHAP_RANKING.frame(ranking).sort_values(["protocol", "rank"]),
    )


def texts(table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_parts_stand_in_reading_order_and_rare_families_are_left_out(evidence: Evidence) -> None:
    table = coverage_of_parts(evidence.coverage)
    assert table.caption.endswith("grouped, censored rows at the limit")
    assert [row[0] for row in texts(table)] == [
        "All",
        "The near third",
        "The far third",
        "Inside the domain",
        "Outside the domain",
        "Garnet (Oxide)",
        "Other (Oxide)",
    ]
    assert texts(table)[0][1:] == ["615", "0.35", "1.13", "91 %", "4.60", "47 %", "1.50"]
    assert table.rows[0][4].note == "0.80 to 0.95"


def test_the_factors_are_printed_with_all_that_they_are_compared_with(evidence: Evidence) -> None:
    assert texts(process_factors(evidence.process_factors))[0] == [
        "composition",
        "0.60",
        "60 %",
        "2.17",
        "1.12",
        "1.07",
        "1.05",
        "615",
    ]


def test_features_stand_by_grouped_beside_diversity_and_the_paper(evidence: Evidence) -> None:
    assert texts(shap_features(evidence.shap_ranking)) == [
        ["O fraction", "1", "0.50", "2", "0.25", "4"],
        ["Lattice parameter b (Å)", "2", "0.25", "1", "0.50", "1"],
        ["Li fraction", "2", "0.25", "2", "0.25", "–"],
    ]
    assert texts(shap_kinds(evidence.shap_ranking)) == [["cell lengths", "2", "0.25", "2", "0.25"]]


def test_the_figure_of_the_intervals_has_a_line_for_each_part(evidence: Evidence) -> None:
    held, size = intervals_of_parts(evidence.coverage).axes
    assert [label.get_text() for label in held.get_yticklabels()][:2] == ["All (615)", "The near third (206)"]
    parts = honest_parts(evidence.coverage)
    by_label = {line.get_label(): line.get_xdata() for axes in (held, size) for line in axes.lines}
    assert list(by_label["90 % interval"]) == parts["coverage"].tolist()
    assert list(by_label["mean absolute error"]) == parts["mae"].tolist()


def test_the_learning_curve_is_drawn_over_the_floor(evidence: Evidence) -> None:
    floor = metrics.FLOOR.frame(
        [
            {"label_convention": "bound", "statistic": statistic, "value": value}
            | {"low": 0.5, "high": 1, "n": 9, "n_papers": 5}
            for statistic, value in (("mean", 0.75), ("median", 0.45))
        ]
    )
    axes = learning_curves(evidence.learning_curve, floor).axes[0]
    lines = [np.asarray(line.get_ydata()).tolist() for line in axes.lines]
    assert [1.2, 1.1] in lines
    assert [0.75, 0.75] in lines
    assert [0.45, 0.45] not in lines
    assert [label.get_text() for label in axes.get_xticklabels()] == ["120", "240"]


def test_bars_are_as_long_as_the_gains_and_strengths(evidence: Evidence) -> None:
    gains = gains_of_factors(evidence.process_factors).axes[0].patches
    assert [bar.get_width() for bar in gains] == [0.6, 0.4]
    strengths = shap_by_kind(evidence.shap_ranking).axes[0].patches
    assert [bar.get_width() for bar in strengths] == [0.25, 0.25]


@pytest.mark.parametrize(
    ("draw", "table"),
    [
        (intervals_of_parts, metrics.COVERAGE),
        (learning_curves, metrics.LEARNING_CURVE),
        (gains_of_factors, metrics.PROCESS_FACTORS),
        (shap_by_kind, metrics.SHAP_RANKING),
    ],
)
def test_nothing_draws_an_empty_figure(draw: Callable[[pd.DataFrame], Figure], table) -> None:
    assert png_bytes(draw(table.frame())).startswith(b"\x89PNG")


def test_the_report_shows_all_of_it_or_says_that_there_is_none(
    inputs: ReportInputs, evidence: Evidence
) -> None:
    titles = (
        "Where the intervals hold",
        "What more papers bring",
        "What each factor of the Gaussian process is worth",
        "What kinds of descriptors move the trees",
    )
    full = render_report(replace(inputs, evidence=evidence))
    bare = render_report(inputs)
    for title in titles:
        assert f"<strong>{title}.</strong>" in full
        assert f"<strong>{title}.</strong>" not in bare
    assert len(re.findall(r'class="absent"', full)) < len(re.findall(r'class="absent"', bare))
