"""The report is whole, self-contained and survives what a run may lack."""

import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from sse_assets.report.figure_style import DOTS_PER_INCH
from sse_assets.report.inputs import ReportInputs
from sse_assets.report.page import render_report


class Page(HTMLParser):
    """Tags and visible text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":  # plotly
            return
        self.text += re.sub(r"\s+", " ", data)

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


@pytest.fixture(scope="module")
def page(inputs: ReportInputs) -> Page:
    return Page(render_report(inputs))


def test_everything_of_the_paper_is_there(page: Page) -> None:
    tables = [f"Table {number}." for number in (1, 5, 7, 8, 9)]
    figures = [f"Figure {name}" for name in ("4(a)", "4(b)", "4(c)", "4(d)", "7(a) to (c)", "7(d)")]
    for title in [*tables, *figures, "Figure 4(b) in numbers"]:
        assert title in page.text
    # The paper's values beside ours, one of each table.
    for value in ["24.922", "0.543", "1.874", "−6.715", "186"]:
        assert value in page.text


def test_pictures_keep_the_size_that_they_were_drawn_at(page: Page) -> None:
    for source, width in zip(page.attributes("img", "src"), page.attributes("img", "width"), strict=True):
        png = b64decode(source.removeprefix("data:image/png;base64,"))
        assert int(width) == round(int.from_bytes(png[16:20], "big") * 96 / DOTS_PER_INCH)


def test_it_loads_nothing_from_elsewhere(page: Page) -> None:
    assert page.attributes("img", "src")
    assert all(str(source).startswith("data:image/png;base64,") for source in page.attributes("img", "src"))
    assert not page.attributes("script", "src")
    loading = {"link", "iframe", "object", "embed", "video", "audio"}
    assert not {tag for tag, _ in page.tags} & loading
    assert "url(" not in page.text
    assert "@import" not in page.text


def test_it_can_be_read_without_seeing_it(page: Page) -> None:
    assert all(page.attributes("img", "alt"))
    assert len(page.attributes("img", "alt")) == len(page.attributes("img", "src"))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption")
    anchors = {f"#{name}" for tag in ("section", "header") for name in page.attributes(tag, "id")}
    assert {target for target in page.attributes("a", "href") if str(target).startswith("#")} == anchors


def test_the_summary_says_what_the_honest_protocol_says(page: Page, run) -> None:
    trees = run.scores.query(
        "protocol == 'grouped' and model == 'boosted_trees' and variant == 'all' "
        "and label_convention == 'bound' and role == 'test' and metric == 'mae'"
    )["value"].item()
    assert f"{trees:.2f} orders of magnitude" in page.text


def test_the_summary_leads_with_the_family_that_is_badly_predicted(inputs: ReportInputs) -> None:
    garnets = inputs.electrolytes["electrolyte_id"].head(5)
    families = inputs.electrolytes["family"].mask(
        inputs.electrolytes.index.isin(garnets.index), "Garnet (Oxide)"
    )
    predictions = inputs.predictions
    is_wrong = predictions["electrolyte_id"].isin(garnets) & (predictions["protocol"] == "grouped")
    wrong = predictions["predicted"].mask(is_wrong, predictions["log10_sigma"] - 9.0)
    changed = replace(
        inputs,
        electrolytes=inputs.electrolytes.assign(family=families),
        predictions=predictions.assign(predicted=wrong),
    )
    page = Page(render_report(changed))
    named = "Garnet (Oxide) by 9.00 (5 measurements, on average 9.0 too low)"
    assert named in page.text
    assert page.text.index(named) < page.text.index("orders of magnitude")
    assert "Materials that are badly predicted" in page.text


def test_the_scatter_between_laboratories_is_that_of_the_floor(inputs: ReportInputs, page: Page) -> None:
    floor = pd.DataFrame(
        [
            {"label_convention": "bound", "statistic": statistic, "value": value, "low": 0, "high": 1}
            for statistic, value in (("mean", 0.81), ("median", 0.47))
        ]
    ).assign(n=239, n_papers=118)
    told = Page(render_report(replace(inputs, judging=replace(inputs.judging, floor=floor)))).text
    assert "by 0.47 (median) or 0.81 (mean) log units (239 measurements)" in told
    assert "other papers on the same composition by" not in page.text  # too little was repeated


def test_the_leakage_of_diversity_is_in_the_paragraph(page: Page) -> None:
    # Three of four test rows share a paper with train and one of four a composition.
    assert "In this run 75 % of the test rows come from a paper" in page.text
    assert "and 25 % have a composition that is in training" in page.text


def test_rejections_are_counted_by_kind_with_an_example(page: Page) -> None:
    assert "measured at … °C, outside …–… °C" in page.text
    assert "12: measured at 60 °C, outside 20–34 °C" in page.text
    assert "… cannot be charge balanced: at least …% of the positive charge is left" in page.text


def test_texts_from_data_are_escaped(page: Page) -> None:
    assert "Data set sample <b>" in page.text
    assert "b" not in {tag for tag, _ in page.tags}


def test_without_an_official_split(inputs: ReportInputs) -> None:
    frames = {
        name: getattr(inputs, name).query("protocol != 'official'")
        for name in ("assignments", "leakage", "predictions", "scores", "comparisons")
    }
    page = Page(render_report(replace(inputs, **frames)))
    assert "This data set has no official test set" in page.text
    assert "Predicted against measured: official" not in page.text
    assert "Predicted against measured: grouped" in page.text


@pytest.mark.parametrize(
    "empty",
    [
        ("rejected", "leakage", "comparisons", "shap_values"),
        ("predictions", "scores", "comparisons"),
        [
            "electrolytes",
            "rejected",
            "assignments",
            "leakage",
            "predictions",
            "scores",
            "comparisons",
            "shap_values",
        ],
    ],
)
def test_it_renders_when_tables_are_empty(inputs: ReportInputs, empty: tuple[str, ...]) -> None:
    frames = {name: getattr(inputs, name).head(0) for name in empty}
    page = Page(render_report(replace(inputs, **frames)))
    assert "Sources and licences" in page.text
    assert "nan" not in page.text.lower().split()
