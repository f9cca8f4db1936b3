"""The report: one HTML file that says what was predicted, how well, and how far to trust it."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from sse_assets.evaluation import (
    champions,
    dataset_figures,
    generated_contribution,
    generation_figures,
    generation_tables,
    language_model_tables,
    model_figures,
    parity_figures,
    published,
    report_tables,
    tables,
)
from sse_assets.evaluation.figure_style import DOTS_PER_INCH, png_bytes
from sse_assets.evaluation.intervals import coverage
from sse_assets.evaluation.report_tables import held_out_mae
from sse_assets.evaluation.vocabulary import (
    BOOSTED_TREES,
    DIVERSITY,
    LANGUAGE_MODELS,
    METRICS,
    NEAREST_NEIGHBOUR,
    NO_VARIANT,
    PROTOCOLS,
    TRAIN_MEDIAN,
    feature_title,
    in_reading_order,
)
from sse_assets.materials.conductivity import LabelConvention

_TEMPLATE = "report.html"
_PIXELS_PER_INCH = 96
"""Of a browser: figures keep the size, and text the height, that they were drawn at."""
_PNG_WIDTH = slice(16, 20)
"""Bytes of a PNG that hold its width in pixels."""


@dataclass(frozen=True)
class Source:
    """A data source of the run: what it is called, on what terms, whom to cite, and which bytes were read."""

    name: str
    licence: str
    citation: str
    sha256: str


@dataclass(frozen=True)
class Generated:
    """What structure generation left, as in `generation_tables` and `generated_contribution`."""

    structures: pd.DataFrame
    search_history: pd.DataFrame
    dynamics: pd.DataFrame
    validation: pd.DataFrame
    contribution: pd.DataFrame
    beside_known: pd.DataFrame
    """Searches for structures that are known; shipped with the project, not made in this run."""


@dataclass(frozen=True)
class ReportInputs:
    """The run that is reported; the frames as `vocabulary` and the functions that made them describe.

    Any frame may be empty, but has its columns.
    """

    data_set: str
    created: datetime
    electrolytes: pd.DataFrame
    rejected: pd.DataFrame
    """Columns source, source_id, formula, reason."""
    assignments: pd.DataFrame
    leakage: pd.DataFrame
    """Columns protocol, fold, n_train, n_test, n_test_sharing_doi, n_test_sharing_composition."""
    predictions: pd.DataFrame
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    champions: pd.DataFrame
    """Every decision on which model answers, as in `champions`."""
    shap_values: pd.DataFrame
    """Of the trees on all features: electrolyte_id, feature, feature_value, shap_value."""
    language_model_fits: pd.DataFrame
    """One row for each language model trained, as in `language_model_tables`."""
    generated: Generated
    settings: Mapping[str, float]
    """Hyperparameters of the trees on all features."""
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Picture:
    """A figure as a PNG in a data URI, with a title, a caption and its content in words (the alt text)."""

    title: str
    caption: str
    description: str
    data_uri: str
    width: int
    """On screen, in CSS pixels."""


@dataclass(frozen=True)
class Findings:
    """What the summary says: test MAE (convention `bound`) under the most honest protocol there is."""

    protocol: str
    trees: float
    trees_by_composition: float
    median: float
    neighbour: float
    structure: str
    """What structure adds to composition: the verdict of the paired comparison."""


@dataclass(frozen=True)
class Flattery:
    """How easy `diversity` is: what its test rows share with train, and MAE (`bound`) there and elsewhere."""

    share_paper: float
    share_composition: float
    neighbour: float
    trees: float
    honest_protocol: str
    honest_neighbour: float
    honest_trees: float


def render_report(inputs: ReportInputs) -> str:
    """The whole report as one HTML document that loads nothing from elsewhere."""
    environment = Environment(
        loader=PackageLoader("sse_assets.evaluation", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    protocols = in_reading_order(inputs.assignments["protocol"], PROTOCOLS)
    return environment.get_template(_TEMPLATE).render(
        run=inputs,
        published=published,
        protocols=protocols,
        protocol_meanings=PROTOCOLS,
        n_censored=int(inputs.electrolytes["censored"].sum()),
        n_with_structure=int(inputs.electrolytes["structure_origin"].notna().sum()),
        findings=_findings(inputs),
        flattery=_flattery(inputs),
        repeats=tables.repeat_measurements(inputs.electrolytes),
        language_model_protocols=language_model_tables.scored_protocols(inputs.language_model_fits),
        tables=_tables(inputs),
        pictures=_pictures(inputs, protocols),
    )


def _tables(inputs: ReportInputs) -> dict[str, report_tables.Table]:
    """The tables under the names by which the template places them."""
    printed = {
        "shared_sources": report_tables.shared_sources(inputs.leakage, inputs.scores),
        "families": report_tables.families(inputs.electrolytes),
        "class_counts": report_tables.class_counts(inputs.electrolytes),
        "rejections": report_tables.rejections(inputs.rejected),
        "hyperparameters": report_tables.hyperparameters(inputs.settings),
        "feature_sets": report_tables.feature_sets(inputs.scores),
        "comparisons": report_tables.paired_comparisons(inputs.comparisons),
        "champions": champions.champions_table(inputs.champions),
        "coverage": report_tables.interval_coverage(coverage(inputs.predictions)),
        "cross_model": report_tables.cross_model(inputs.scores, inputs.assignments),
        "chemical_groups": report_tables.chemical_groups(inputs.predictions, inputs.electrolytes),
        "compounds": report_tables.representative_compounds(inputs.predictions, inputs.electrolytes),
        "all_scores": report_tables.all_scores(inputs.scores),
    }
    fits = inputs.language_model_fits
    if len(fits):
        printed["number_modes"] = language_model_tables.number_modes(inputs.scores, fits)
        printed["fine_tuning_costs"] = language_model_tables.costs(fits)
        for protocol in language_model_tables.scored_protocols(fits):
            printed[f"cases_{protocol}"] = language_model_tables.case_by_model(inputs.scores, protocol)
    generated = inputs.generated
    if len(generated.structures):
        printed["found_structures"] = generation_tables.found_structures(generated.structures)
        printed["validation"] = generation_tables.validation(generated.validation)
        printed["beside_known"] = generation_tables.found_beside_known(generated.beside_known)
        printed["contribution"] = generated_contribution.contribution_table(generated.contribution)
    return printed | {
        f"test_{metric}": report_tables.scores_by_protocol(inputs.scores, metric) for metric in METRICS
    }


def _pictures(inputs: ReportInputs, protocols: list[str]) -> dict[str, Picture]:
    """The figures under the names by which the template places them; those without data are left out."""
    electrolytes, predictions = inputs.electrolytes, inputs.predictions
    drawn = {}
    if len(electrolytes):
        drawn["elements"] = _picture(
            dataset_figures.element_heat_map(electrolytes),
            "Figure 4(a). Elements",
            f"In how many electrolytes each element occurs. The paper counts oxygen in "
            f"{published.N_WITH_OXYGEN} of {published.N_ELECTROLYTES}.",
            "Periodic table whose cells are coloured by the number of electrolytes with that element.",
        )
        drawn["classes"] = _picture(
            dataset_figures.class_histogram(electrolytes),
            "Figure 4(b). Conductivity classes",
            "A censored row counts in the class of its detection limit.",
            "Bars: electrolytes in each of four conductivity classes, in this run and in the paper.",
        )
        drawn["partial_occupancy"] = _picture(
            dataset_figures.partial_occupancy(electrolytes),
            "Figure 4(c). Partial occupancy",
            "Share of the structures with at least one partly occupied site, by where the structure is from.",
            "Bars: share of structures with partial occupancies, in this run and in the paper.",
        )
    if len(electrolytes) and DIVERSITY in protocols:
        drawn["train_distribution"] = _picture(
            dataset_figures.train_distribution(electrolytes, inputs.assignments),
            "Figure 4(d). Train set against the whole",
            "Diversity selection trains on the rare, extreme rows and leaves the crowded middle to test.",
            "Histogram of log conductivity: train set as an outline over the whole data set.",
        )
    if len(inputs.scores):
        drawn["scores"] = _picture(
            model_figures.scores_overview(inputs.scores),
            "Test error under every protocol",
            "Mean absolute error with 95 % interval; left is better.",
            "Dot plots of test MAE for each model, one panel for each protocol.",
        )
    trained = predictions[predictions["model"] == BOOSTED_TREES]
    for protocol in in_reading_order(trained["protocol"], PROTOCOLS):
        drawn[f"parity_{protocol}"] = _picture(
            parity_figures.parity_plots(predictions, electrolytes, protocol),
            f"Figure 7(a) to (c). Predicted against measured: {protocol}",
            "Boosted trees, convention bound. The line is a perfect prediction, the band one log unit around "
            "it; open triangles lie below the detection limit.",
            f"Scatter plots of predicted against measured log conductivity, {protocol} protocol.",
        )
    fine_tuned = predictions[predictions["model"].isin(LANGUAGE_MODELS)]
    for protocol in in_reading_order(fine_tuned["protocol"], PROTOCOLS):
        drawn[f"language_models_{protocol}"] = _picture(
            parity_figures.language_model_parity(predictions, electrolytes, protocol),
            f"Figure 8. Language models, predicted against measured: {protocol}",
            "The median of the distribution over numbers, convention bound; one row of panels a prompt case.",
            "Scatter plots of predicted against measured log conductivity for each language model and "
            f"prompt case, {protocol} protocol.",
        )
    if len(inputs.generated.structures):
        drawn |= _pictures_of_generated(inputs.generated)
    if len(inputs.shap_values):
        drawn["shap"] = _picture(
            model_figures.shap_summary(inputs.shap_values),
            "Figure 7(d). What moves the predictions",
            "Boosted trees on all features. The paper's top five: "
            + ", ".join(feature_title(name) for name in published.FIGURE_7D_TOP_FEATURES)
            + ". A large value says that the model leans on a feature, not that it causes conduction.",
            "Bars: features by mean absolute SHAP value; swarms: the SHAP value of every electrolyte.",
        )
    if len(trained):
        protocol = _most_honest(trained["protocol"])
        drawn["residuals"] = _picture(
            model_figures.residuals_by_family(predictions, electrolytes, protocol),
            "Residuals by family",
            f"Boosted trees on all features, {protocol} protocol, test rows. Boxes span the quartiles, "
            "the red line is the median.",
            "Box plots of predicted minus measured log conductivity for each family.",
        )
    return drawn


def _pictures_of_generated(generated: Generated) -> dict[str, Picture]:
    return {
        "atoms_per_cell": _picture(
            generation_figures.atoms_per_cell(generated.structures),
            "Figure 2(b). Atoms per cell",
            "Of the structures that were found.",
            "Histogram of the number of atoms in the cells of the found structures.",
        ),
        "generations": _picture(
            generation_figures.generations_by_size(generated.structures),
            "Figure 2(c). Generations against atoms",
            "Of the search that found the structure.",
            "Scatter plot of the number of generations against the number of atoms in the cell.",
        ),
        "enthalpy": _picture(
            generation_figures.enthalpy_by_generation(generated.search_history),
            "Figure 5(a). Enthalpy by generation",
            "Relative to the best candidate of the composition. Lines: the best so far of each search, named "
            "by Z and replicate; grey: every candidate. Linear below 10 meV/atom, logarithmic above.",
            "Line plots of the lowest enthalpy after each generation, one panel for each composition.",
        ),
        "operators": _picture(
            generation_figures.enthalpy_changes(generated.search_history),
            "Figure 5(b). What each operator gains",
            "Enthalpy of a child minus that of its better parent, over all compositions; blue is a gain. "
            "Larger changes are drawn at the rim.",
            "Strip plots of enthalpy differences between child and parent for each operator.",
        ),
        "crystals": _picture(
            generation_figures.crystal_drawings(generated.structures),
            "Figure 5(c). The structures",
            "Unit cells of the found structures in parallel projection.",
            "Drawings of unit cells with their atoms as coloured balls.",
        ),
        "ambient": _picture(
            generation_figures.ambient_run(generated.dynamics),
            "Figure 6. Dynamics at 300 K and 1 atm",
            "Potential energy, temperature and volume of each structure; a structure that holds settles on a "
            "level.",
            "Line plots of energy, temperature and volume against time for each structure.",
        ),
    }


def _picture(figure: Figure, title: str, caption: str, description: str) -> Picture:
    png = png_bytes(figure)
    pixels = int.from_bytes(png[_PNG_WIDTH], "big")  # fewer than drawn on: the rim is cropped
    width = round(pixels * _PIXELS_PER_INCH / DOTS_PER_INCH)
    return Picture(title, caption, description, f"data:image/png;base64,{b64encode(png).decode()}", width)


def _most_honest(protocols: pd.Series) -> str:
    """The last protocol in reading order, which runs from flattering to honest."""
    return in_reading_order(protocols, PROTOCOLS)[-1]


def _findings(inputs: ReportInputs) -> Findings | None:
    """None where no boosted trees were scored."""
    scored = inputs.scores.loc[inputs.scores["model"] == BOOSTED_TREES, "protocol"]
    if scored.empty:
        return None
    protocol = _most_honest(scored)
    return Findings(
        protocol=protocol,
        trees=held_out_mae(inputs.scores, protocol, BOOSTED_TREES, "all"),
        trees_by_composition=held_out_mae(inputs.scores, protocol, BOOSTED_TREES, "stoichiometric"),
        median=held_out_mae(inputs.scores, protocol, TRAIN_MEDIAN, NO_VARIANT),
        neighbour=held_out_mae(inputs.scores, protocol, NEAREST_NEIGHBOUR, "all"),
        structure=_what_structure_adds(inputs.comparisons, protocol),
    )


def _what_structure_adds(comparisons: pd.DataFrame, protocol: str) -> str:
    """In words: whether all features beat composition alone, by the interval of their paired difference."""
    rows = comparisons[
        (comparisons["protocol"] == protocol)
        & (comparisons["label_convention"] == LabelConvention.BOUND)
        & (comparisons["baseline"] == BOOSTED_TREES)
    ]
    if rows.empty:
        return "not compared"
    if (rows["high"] < 0).all():
        return "a clear gain"
    return "a clear loss" if (rows["low"] > 0).all() else "no clear difference"


def _flattery(inputs: ReportInputs) -> Flattery | None:
    """None where the run has no `diversity` test rows or nothing was scored on them."""
    rows = inputs.leakage[inputs.leakage["protocol"] == DIVERSITY]
    n_test = rows["n_test"].sum()
    scored = inputs.scores.loc[inputs.scores["model"] == BOOSTED_TREES, "protocol"]
    if not n_test or DIVERSITY not in set(scored):
        return None
    honest = _most_honest(scored)
    return Flattery(
        share_paper=rows["n_test_sharing_doi"].sum() / n_test,
        share_composition=rows["n_test_sharing_composition"].sum() / n_test,
        neighbour=held_out_mae(inputs.scores, DIVERSITY, NEAREST_NEIGHBOUR, "all"),
        trees=held_out_mae(inputs.scores, DIVERSITY, BOOSTED_TREES, "all"),
        honest_protocol=honest,
        honest_neighbour=held_out_mae(inputs.scores, honest, NEAREST_NEIGHBOUR, "all"),
        honest_trees=held_out_mae(inputs.scores, honest, BOOSTED_TREES, "all"),
    )
