"""The plots that a reader hovers over: what they hold, and that no name is code in them."""

import json
import re
from dataclasses import replace

import pytest

from sse_assets.report import interactive
from sse_assets.report.inputs import ReportInputs
from sse_assets.tables import metrics
from sse_assets.tables.names import ModelName, Protocol, Role


@pytest.fixture(scope="module")
def drawn(inputs: ReportInputs) -> dict[str, interactive.Plot]:
    return interactive.plots(inputs)


def traces(plot: interactive.Plot) -> list[dict]:
    """Return the curves that plotly is given."""
    found = re.search(r'Plotly\.newPlot\(\s*"[^"]+",\s*(\[.*?\]),\s*\{"', plot.html, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def test_every_protocol_has_its_parity_and_the_process_is_shown_first(
    inputs: ReportInputs, drawn: dict[str, interactive.Plot]
) -> None:
    assert {f"parity_{protocol}" for protocol in inputs.predictions["protocol"]} <= set(drawn)
    curves = traces(drawn[f"parity_{Protocol.GROUPED}"])
    shown = [one["name"] for one in curves if one.get("visible") is True]
    assert shown == ["Boosted trees, all features, test", "Boosted trees, geometric, test"]
    rows = inputs.predictions.query(
        "protocol == 'grouped' and model == 'boosted_trees' and variant == 'all' and role == 'test' "
        "and label_convention == 'bound'"
    )
    (test,) = [one for one in curves if one.get("name") == shown[0]]
    assert len(test["text"]) == rows["electrolyte_id"].nunique()


def test_an_interval_outside_which_a_row_lies_is_marked(inputs: ReportInputs) -> None:
    rows = inputs.predictions.query(
        "protocol == 'grouped' and model == 'boosted_trees' and variant == 'all' and role == 'test' "
        "and label_convention == 'bound'"
    ).assign(model=ModelName.GAUSSIAN_PROCESS.value, variant="none", role=Role.TEST.value)
    rows = rows.assign(
        low=rows["log10_sigma"] - 1, high=rows["log10_sigma"] + 1, predicted=rows["log10_sigma"]
    )
    missed = rows.index[:3]
    rows.loc[missed, ["low", "high", "predicted"]] += 5.0
    plot = interactive.plots(replace(inputs, predictions=rows))["every_interval"]
    names = [one["name"] for one in traces(plot)]
    assert names[1:] == [f"measured, inside ({len(rows) - 3})", "measured, outside (3)"]


def test_the_leaderboard_shows_what_has_a_rank(inputs: ReportInputs) -> None:
    scored = {
        "protocol": Protocol.GROUPED,
        "label_convention": "bound",
        "metric": "mae",
        "low": 0.5,
        "high": 2.0,
    }
    entries = [
        {"entry": "model", "model": "boosted_trees", "variant": "all", "value": 1.2, "n": 20.0},
        {"entry": "submitted", "model": "<b>mine</b>", "variant": "none", "value": 1.0, "n": 20.0},
        {"entry": "published", "model": "theirs", "variant": "none", "value": 0.1},
    ]
    board = metrics.LEADERBOARD.frame([scored | one for one in entries])
    judging = replace(inputs.judging, leaderboard=board)
    (curve,) = traces(interactive.plots(replace(inputs, judging=judging))["leaderboard"])
    assert curve["y"] == ["&lt;b&gt;mine&lt;/b&gt;", "Boosted trees, all features"]


def test_a_name_is_text(inputs: ReportInputs) -> None:
    hostile = inputs.electrolytes.assign(formula="</script><img src=x onerror=alert(1)>")
    html = interactive.plots(replace(inputs, electrolytes=hostile))[f"parity_{Protocol.GROUPED}"].html
    assert "<img" not in html
    assert "&lt;img" in html.encode().decode("unicode_escape") or "\\u0026lt;img" in html
