"""The figures of the report, each with its title and caption, and its content in words."""

from base64 import b64encode
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from sse_assets.drawings import png
from sse_assets.kept import Kept
from sse_assets.report import (
    dataset_figures,
    evidence_figures,
    generation_figures,
    model_figures,
    parity_figures,
    prototype_figures,
    published,
)
from sse_assets.report.drawn_rows import of_protocol
from sse_assets.report.evidence_tables import honest_parts
from sse_assets.report.figure_style import DOTS_PER_INCH, png_bytes
from sse_assets.report.findings import most_honest
from sse_assets.report.inputs import Generated, ReportInputs
from sse_assets.report.titles import feature_title
from sse_assets.tables.names import LANGUAGE_MODELS, SCORED_PROTOCOLS, ModelName, Protocol, in_reading_order

_PIXELS_PER_INCH = 96
"""Resolution of a browser. Figures keep the size, and text the height, that they were drawn at."""
_PNG_WIDTH = slice(16, 20)
"""Bytes of a PNG that hold its width in pixels."""


@dataclass(frozen=True)
class Picture:
    """A figure as a PNG in a data URI, with a title, a caption and its content in words (the alt text)."""

    title: str
    caption: str
    description: str
    data_uri: str
    width: int
    """Width on screen, in CSS pixels."""


def pictures(inputs: ReportInputs, kept: Kept) -> dict[str, Picture]:
    """Return the figures under the names by which the template places them, without those that lack data.

    Args:
        inputs: the tables of a run.
        kept: store of figures, from which those come that show what they showed before.
    """
    electrolytes, predictions = inputs.electrolytes, inputs.predictions
    drawn = {}
    if len(electrolytes):
        drawn["elements"] = _picture(
            kept,
            partial(dataset_figures.element_heat_map, electrolytes),
            "Figure 4(a). Elements",
            f"In how many electrolytes each element occurs. The paper counts oxygen in "
            f"{published.N_WITH_OXYGEN} of {published.N_ELECTROLYTES}.",
            "Periodic table whose cells are coloured by the number of electrolytes with that element.",
        )
        drawn["classes"] = _picture(
            kept,
            partial(dataset_figures.class_histogram, electrolytes),
            "Figure 4(b). Conductivity classes",
            "A censored row counts in the class of its detection limit.",
            "Bars: electrolytes in each of four conductivity classes, in this run and in the paper.",
        )
        drawn["partial_occupancy"] = _picture(
            kept,
            partial(dataset_figures.partial_occupancy, electrolytes),
            "Figure 4(c). Partial occupancy",
            "Share of the structures with at least one partly occupied site, by where the structure is from.",
            "Bars: share of structures with partial occupancies, in this run and in the paper.",
        )
    if len(electrolytes) and Protocol.DIVERSITY in set(inputs.assignments["protocol"]):
        drawn["train_distribution"] = _picture(
            kept,
            partial(dataset_figures.train_distribution, electrolytes, inputs.assignments),
            "Figure 4(d). Train set against the whole",
            "Diversity selection trains on the rare, extreme rows and leaves the crowded middle to test.",
            "Histogram of log conductivity: train set as an outline over the whole data set.",
        )
    if len(inputs.scores):
        drawn["scores"] = _picture(
            kept,
            partial(model_figures.scores_overview, inputs.scores),
            "Test error under every protocol",
            "Mean absolute error with 95 % interval; left is better.",
            "Dot plots of test MAE for each model, one panel for each protocol.",
        )
    trained = predictions[predictions["model"] == ModelName.BOOSTED_TREES]
    fine_tuned = predictions[predictions["model"].isin(LANGUAGE_MODELS)]
    for protocol in in_reading_order(fine_tuned["protocol"], SCORED_PROTOCOLS):
        drawn[f"language_models_{protocol}"] = _picture(
            kept,
            partial(
                parity_figures.language_model_parity,
                *of_protocol(fine_tuned, protocol, electrolytes),
                protocol,
            ),
            f"Figure 8. Language models, predicted against measured: {protocol}",
            "The median of the distribution over numbers, censored rows at the limit; one row of panels a "
            "prompt case.",
            "Scatter plots of predicted against measured log conductivity for each language model and "
            f"prompt case, {protocol} protocol.",
        )
    if len(inputs.generated.prototypes):
        drawn |= _pictures_of_prototypes(inputs, kept)
    if len(inputs.generated.structures):
        drawn |= _pictures_of_generated(inputs.generated, kept)
    if len(inputs.shap_values):
        drawn["shap"] = _picture(
            kept,
            partial(model_figures.shap_summary, inputs.shap_values),
            "Figure 7(d). What moves the predictions",
            "Boosted trees on all features. The paper's top five: "
            + ", ".join(feature_title(name) for name in published.FIGURE_7D_TOP_FEATURES)
            + ". A large value says that the model leans on a feature, not that it causes conduction.",
            "Bars: features by mean absolute SHAP value; swarms: the SHAP value of every electrolyte.",
        )
    drawn |= _pictures_of_evidence(inputs, kept)
    if len(trained):
        protocol = most_honest(trained["protocol"])
        drawn["residuals"] = _picture(
            kept,
            partial(
                model_figures.residuals_by_family, *of_protocol(trained, protocol, electrolytes), protocol
            ),
            "Residuals by family",
            f"Boosted trees on all features, {protocol} protocol, test rows. Boxes span the quartiles, "
            "the red line is the median.",
            "Box plots of predicted minus measured log conductivity for each family.",
        )
    return drawn


def _pictures_of_evidence(inputs: ReportInputs, kept: Kept) -> dict[str, Picture]:
    evidence = inputs.evidence
    drawn = {}
    if len(honest_parts(evidence.coverage)):
        drawn["intervals"] = _picture(
            kept,
            partial(evidence_figures.intervals_of_parts, evidence.coverage),
            "Where the intervals hold",
            "Gaussian process, censored rows at the limit, with the number of test rows in brackets. Lines: "
            "95 % interval from resampling; dashed: what is stated. Thirds go by the distance to the nearest "
            "training row.",
            "Dot plots of coverage, width and error of the Gaussian process by part of the test rows.",
        )
    if len(evidence.learning_curve):
        drawn["learning_curve"] = _picture(
            kept,
            partial(evidence_figures.learning_curves, evidence.learning_curve, inputs.judging.floor),
            "What more papers bring",
            "Gaussian process on held-out papers, trained on an eighth to all of the other papers, drawn at "
            "random. Bars: 95 % interval from resampling papers. Dotted: the floor, which is the mean "
            "difference from the median of other papers on the same composition.",
            "Line plot of mean absolute error against the number of papers that train.",
        )
    if len(evidence.process_factors):
        drawn["process_factors"] = _picture(
            kept,
            partial(evidence_figures.gains_of_factors, evidence.process_factors),
            "What each factor of the Gaussian process is worth",
            "Shapley values of the mean absolute error on held-out papers, with 95 % interval from "
            "resampling papers. They add up to what all factors gain over none.",
            "Bars: gain in mean absolute error by factor and label convention.",
        )
    if len(evidence.shap_ranking):
        drawn["shap_kinds"] = _picture(
            kept,
            partial(evidence_figures.shap_by_kind, evidence.shap_ranking),
            "What kinds of descriptors move the trees",
            "Boosted trees on all features, test rows. Under grouped each row is explained by the trees of "
            "the fold that tests it.",
            "Bars: mean absolute summed SHAP value of each kind of descriptor under two protocols.",
        )
    return drawn


def _pictures_of_prototypes(inputs: ReportInputs, kept: Kept) -> dict[str, Picture]:
    generated = inputs.generated
    drawn = {
        "prototype_coverage": _picture(
            kept,
            partial(
                prototype_figures.coverage_by_family,
                generated.prototypes,
                inputs.electrolytes,
                generated.structures,
            ),
            "Who has a structure, by family",
            "Electrolytes without a measured or computed crystal.",
            "Stacked bars: what the electrolytes of each family have for a structure.",
        )
    }
    if generated.prototypes_left_out["cost_per_anion"].notna().any():
        drawn["prototype_errors"] = _picture(
            kept,
            partial(prototype_figures.errors_by_cost, generated.prototypes_left_out),
            "Errors of known crystals that were left out",
            "Grey: each crystal, as its prototype has it. Lines: medians by class of cost, beside two ways "
            "that need no prototype. Dashed: the limit up to which a prototype is trusted.",
            "Scatter plots of the relative errors of cell lengths and density against the cost.",
        )
    return drawn


def _pictures_of_generated(generated: Generated, kept: Kept) -> dict[str, Picture]:
    drawn = _pictures_of_searches(generated, kept)
    if len(prototype_figures.beside_evolution(generated.search_history)):
        drawn["energy_beside_evolution"] = _picture(
            kept,
            partial(prototype_figures.energy_beside_evolution, generated.search_history),
            "Prototype against evolution",
            "Lowest enthalpy of the candidates that begin in a known structure type, minus that of all "
            "others, some of which descend from them. Blue: evolution found nothing lower.",
            "Dot plot of the energy of the best prototype above the best of evolution, by composition.",
        )
    return drawn


def _pictures_of_searches(generated: Generated, kept: Kept) -> dict[str, Picture]:
    return {
        "atoms_per_cell": _picture(
            kept,
            partial(
                generation_figures.atoms_per_cell,
                generated.structures,
                generated.search_history,
                generated.prototypes,
            ),
            "Figure 2(b). Atoms per cell",
            "Cells of the structures that were found, and conventional cells of the trusted prototypes.",
            "Histograms of the number of atoms in the cells.",
        ),
        "generations": _picture(
            kept,
            partial(generation_figures.generations_by_size, generated.structures, generated.search_history),
            "Figure 2(c). Generations against atoms",
            "Of the search that found the structure. Where prototypes alone were relaxed, there was none.",
            "Scatter plot of the number of generations against the number of atoms in the cell.",
        ),
        "enthalpy": _picture(
            kept,
            partial(generation_figures.enthalpy_by_generation, generated.search_history),
            "Figure 5(a). Enthalpy by generation",
            "Relative to the best candidate of the composition. Lines: the best so far of each search, named "
            "by Z and replicate; grey: every candidate. Linear below 10 meV/atom, logarithmic above. Of many "
            "compositions, those with the most generations.",
            "Line plots of the lowest enthalpy after each generation, one panel for each composition.",
        ),
        "operators": _picture(
            kept,
            partial(generation_figures.enthalpy_changes, generated.search_history),
            "Figure 5(b). What each operator gains",
            "Enthalpy of a child minus that of its better parent, over all compositions; blue is a gain. "
            "Larger changes are drawn at the rim.",
            "Strip plots of enthalpy differences between child and parent for each operator.",
        ),
        "crystals": _picture(
            kept,
            partial(generation_figures.crystal_drawings, generated.structures),
            "Figure 5(c). The structures",
            "Unit cells of the found structures in parallel projection; of many, the smallest that hold.",
            "Drawings of unit cells with their atoms as coloured balls.",
        ),
        "ambient": _picture(
            kept,
            partial(generation_figures.ambient_run, generated.dynamics),
            "Figure 6. Dynamics at 300 K and 1 atm",
            "Potential energy, temperature and volume of each structure; a structure that holds settles on a "
            "level.",
            "Line plots of energy, temperature and volume against time for each structure.",
        ),
    }


def _picture(kept: Kept, draw: "partial[Figure]", title: str, caption: str, description: str) -> Picture:
    image = png(draw, png_bytes, title, kept)
    pixels = int.from_bytes(image[_PNG_WIDTH], "big")  # fewer than drawn on: the rim is cropped
    width = round(pixels * _PIXELS_PER_INCH / DOTS_PER_INCH)
    return Picture(title, caption, description, f"data:image/png;base64,{b64encode(image).decode()}", width)
