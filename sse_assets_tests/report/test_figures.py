"""Every figure draws, on the miniature run and on next to nothing."""

from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from sse_assets.report import dataset_figures, model_figures, parity_figures
from sse_assets.report.figure_style import png_bytes


def _texts(figure: Figure) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_the_heat_map_counts_each_element_once_for_each_electrolyte(run) -> None:
    lithium_and_two_garnets = run.electrolytes.iloc[[0, 1, 15]]
    texts = _texts(dataset_figures.element_heat_map(lithium_and_two_garnets))
    assert {"Elements in 3 electrolytes", "Li", "3", "La", "2", "F", "1", "Og"} <= texts


def test_no_two_elements_share_a_cell(run) -> None:
    axes = dataset_figures.element_heat_map(run.electrolytes).axes[0]
    cells = {patch.get_xy() for patch in axes.patches}
    assert len(cells) == len(axes.patches) == 118


def test_class_histogram_shows_our_counts_and_the_papers(run) -> None:
    assert {"3", "5", "8", "186", "146", "103", "64"} <= _texts(
        dataset_figures.class_histogram(run.electrolytes)
    )


def test_partial_occupancy_shows_our_share_and_the_papers(run) -> None:
    texts = _texts(dataset_figures.partial_occupancy(run.electrolytes))
    assert texts == {"5 of 11 (45 %)", "248 of 321 (77 %)"}
    bare = run.electrolytes.assign(structure_origin=None)
    assert _texts(dataset_figures.partial_occupancy(bare)) == {"248 of 321 (77 %)"}


def test_train_distribution_holds_every_row(run) -> None:
    figure = dataset_figures.train_distribution(run.electrolytes, run.assignments)
    _, labels = figure.axes[0].get_legend_handles_labels()
    assert labels == ["All (16)", "Train (12)"]
    assert sum(patch.get_height() for patch in figure.axes[0].patches if hasattr(patch, "get_height")) == 16


def test_parity_plots_state_the_metrics_that_the_scores_hold(run) -> None:
    figure = parity_figures.parity_plots(run.predictions, run.electrolytes, "random")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Stoichiometric",
        "Geometric",
        "All features",
    ]
    of_all = run.scores.query(
        "protocol == 'random' and model == 'boosted_trees' and variant == 'all' "
        "and label_convention == 'bound' and role == 'test'"
    ).set_index("metric")["value"]
    text = figure.axes[2].texts[0].get_text()
    assert text.startswith(f"Test: MAE {of_all['mae']:.3f}, R² {of_all['r2']:.3f}")


def test_parity_plots_mark_censored_rows(run) -> None:
    axes = parity_figures.parity_plots(run.predictions, run.electrolytes, "official").axes[0]
    points = {scatter.get_label(): len(scatter.get_offsets()) for scatter in axes.collections}
    # LiF and Li4SiO4 are censored; both train under this protocol.
    assert (points["Train, censored"], points["Test, censored"]) == (2, 0)
    assert (points["Train"], points["Test"]) == (10, 4)


def test_shap_summary_ranks_by_mean_absolute_value(run) -> None:
    values = run.shap_values.assign(
        shap_value=np.where(run.shap_values["feature"] == "b", 2.0, run.shap_values["shap_value"] / 10)
    )
    figure = model_figures.shap_summary(values, n_features=5)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0] == "Lattice parameter b (Å)"
    assert len(labels) == 5


def test_scores_overview_has_a_panel_for_each_protocol(run) -> None:
    figure = model_figures.scores_overview(run.scores)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "diversity",
        "random",
        "official",
        "grouped",
    ]
    assert len(figure.axes[0].get_yticks()) == 7


def test_residuals_by_family(run) -> None:
    figure = model_figures.residuals_by_family(run.predictions, run.electrolytes)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "Garnet (Oxide) (3)" in labels


@pytest.mark.parametrize(
    "draw",
    [
        parity_figures.parity_plots,
        parity_figures.language_model_parity,
        model_figures.residuals_by_family,
    ],
)
def test_no_predictions_draw_an_empty_figure(run, draw: Callable[..., Figure]) -> None:
    figure = draw(run.predictions.head(0), run.electrolytes)
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_saving_is_reproducible_and_leaves_matplotlib_alone(run) -> None:
    before = dict(matplotlib.rcParams)
    figure = dataset_figures.class_histogram(run.electrolytes)
    assert png_bytes(figure) == png_bytes(figure)
    assert dict(matplotlib.rcParams) == before
