"""What a person sees and does in the web UI, in a real browser.

`pytest -m services sse_assets_tests/ui --screenshots docs` takes the pictures of docs/ anew: lineage.png,
asset.png and launchpad.png.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from sse_assets_tests.ui.conftest import PATIENCE_S, Site

pytestmark = pytest.mark.services

GROUPS = (
    "raw",
    "measured",
    "structures",
    "curated",
    "descriptors",
    "splits",
    "models",
    "metrics",
    "screening",
)
Picture = Callable[..., None]
expect.set_options(timeout=PATIENCE_S * 1000)


def shown(page: Page, text: str) -> Locator:
    """A text where a person sees it; the UI keeps invisible copies, to measure them."""
    return page.get_by_text(text, exact=True).filter(visible=True)


def metadata_row(page: Page, key: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(key, exact=True))


def type_settings(page: Page, yaml: str) -> None:
    """Replace what the launchpad holds."""
    page.locator(".CodeMirror-code").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(yaml)


def choose_partition(page: Page, name: str) -> None:
    page.get_by_placeholder("Partition").click()
    page.keyboard.press("Control+A")  # the launchpad remembers what was chosen before
    page.keyboard.type(name)
    page.get_by_role("menuitem", name=name).first.click()


def test_the_lineage_leads_from_raw_data_to_scores(page: Page, picture: Picture) -> None:
    page.set_viewport_size({"width": 1700, "height": 1200})  # the buttons of the graph stand below it
    page.goto("/asset-groups")
    for group in GROUPS:  # once in the list and once in the graph
        expect(shown(page, group)).to_have_count(2)
    page.get_by_text("Hide navigation").click()
    page.wait_for_timeout(2000)  # the graph moves to its place
    place = "node => { const box = node.getBoundingClientRect(); return [box.x, box.y] }"
    x, y = zip(*(shown(page, group).last.evaluate(place) for group in GROUPS), strict=True)
    assert list(x) == sorted(x)
    corner = {"x": min(x) - 30, "y": min(y) - 40}
    picture("lineage", page, clip={**corner, "width": max(x) - min(x) + 170, "height": max(y) - min(y) + 90})


def test_an_asset_is_materialised_with_a_click(page: Page, site: Site) -> None:
    page.goto("/assets/raw/sample_measurements")
    expect(page.get_by_text("The embedded sample's table.")).to_be_visible()
    page.get_by_role("button").filter(has_text=re.compile("^Materialize$")).click()
    page.get_by_text("View", exact=True).click()  # in the note that a run was launched
    expect(page.get_by_text("ASSET_MATERIALIZATION", exact=True)).to_be_visible()
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()


def test_an_asset_page_shows_its_plot_its_columns_and_its_file(
    page: Page, site: Site, picture: Picture
) -> None:
    page.goto("/assets/metrics/predictions")
    expect(page.get_by_text("Prediction, log10(σ / (S/cm))", exact=True)).to_be_visible()
    expect(page.get_by_text("sse-assets", exact=True)).to_be_visible()
    expect(shown(page, "metrics.predictions")).to_be_visible()
    file = metadata_row(page, "parquet").get_by_text(re.compile(r"^tables/metrics/predictions/.+\.parquet$"))
    expect(file).to_be_visible()
    metadata_row(page, "plot_parity_grouped").get_by_text("[Show Markdown]").click()
    plot = page.get_by_role("img", name="Parity, grouped")
    expect(plot).to_be_visible()
    width, width_shown = plot.evaluate("image => [image.naturalWidth, image.clientWidth]")
    assert width > 500
    assert width_shown == width  # nothing is cut off at the edge of the panel
    picture("asset", page)


def test_the_report_opens_from_its_asset(page: Page, site: Site) -> None:
    page.goto("/assets/metrics/report")
    link = metadata_row(page, "report").get_by_role("link", name="/pages/report.html")
    with page.context.expect_page() as opened:
        link.click()
    expect(
        opened.value.get_by_role("heading", name="Ionic conductivity of solid electrolytes")
    ).to_be_visible()
    assert opened.value.url == f"{site.address}/pages/report.html"


def test_scores_are_drawn_over_time(page: Page) -> None:
    page.goto("/assets/metrics/scores")
    expect(metadata_row(page, "mae_grouped_bound")).to_be_visible()
    page.get_by_role("button", name="Plots").click()
    expect(page.get_by_text("mae_grouped_bound", exact=True)).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()


def test_a_check_says_what_it_counted(page: Page) -> None:
    page.goto("/assets/splits/leakage?view=checks&checkDetail=grouped_shares_nothing")
    sentence = re.compile(r"Of \d+ test rows, 0 share a paper and 0 a composition with a row that trains\.")
    expect(page.get_by_text(sentence)).to_be_visible()


def test_the_launchpad_offers_the_papers_settings_and_explains_them(page: Page, picture: Picture) -> None:
    page.goto("/locations/sse_assets/jobs/train_boosted_trees/playground")
    settings = page.locator(".CodeMirror-code").first
    for line in ("n_estimators: 242", "max_depth: 8", "learning_rate: 0.084"):
        expect(settings).to_contain_text(line)
    settings.get_by_text("n_estimators").click()
    expect(page.get_by_text("Boosting rounds (Table 1: 242).").first).to_be_visible()
    picture("launchpad", page)


def test_the_launchpad_refuses_a_setting_of_the_wrong_type(page: Page) -> None:
    page.goto("/locations/sse_assets/jobs/train_boosted_trees/playground")
    expect(page.locator(".CodeMirror-code").first).to_contain_text("n_estimators: 242")
    type_settings(page, "ops: {models__boosted_trees_settings: {config: {max_depth: deep}}}")
    expect(page.get_by_text(re.compile("Invalid scalar at path .*max_depth")).first).to_be_visible()


def test_the_launchpad_refuses_a_choice_that_there_is_not(page: Page) -> None:
    page.goto("/locations/sse_assets/jobs/search_structures/playground")
    expect(page.locator(".CodeMirror-code").first).to_contain_text("population: 3")
    type_settings(page, "ops: {search_structure: {config: {profile: quick}}}")
    expect(page.get_by_text(re.compile("profile not in enum type .* got quick")).first).to_be_visible()


def test_a_launch_with_a_setting_outside_its_range_is_refused_with_the_range(page: Page) -> None:
    page.goto("/locations/sse_assets/jobs/train_boosted_trees/playground")
    expect(page.locator(".CodeMirror-code").first).to_contain_text("n_estimators: 242")
    choose_partition(page, "all")
    type_settings(page, "ops: {models__boosted_trees_settings: {config: {subsample: 2.0}}}")
    expect(page.get_by_text("No errors")).to_be_visible()
    page.get_by_role("button", name="Launch Run").click()
    reason = page.get_by_text(re.compile("subsample is 2.0: it must be above 0 and at most 1")).first
    expect(reason).to_be_visible()
    assert "/runs/" not in page.url


def test_what_failed_says_why_in_a_sentence(page: Page) -> None:
    page.goto("/locations/sse_assets/jobs/train_small_language_model/playground")
    expect(page.locator(".CodeMirror-code").first).to_contain_text("seed: 0")
    choose_partition(page, "case_1")
    type_settings(page, "ops: {fit_small_language_model: {config: {protocols: [official]}}}")
    expect(page.get_by_text("No errors")).to_be_visible()
    page.get_by_role("button", name="Launch Run").click()
    expect(page).to_have_url(re.compile("/runs/"))
    failure = page.get_by_text(re.compile("there is nothing to train")).first
    expect(failure).to_be_visible()
    assert failure.bounding_box()["y"] < 900  # without scrolling
