"""The report: one HTML file that says what was predicted, how well, and how far to trust it."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from sse_assets.curation.electrolytes import with_crystals
from sse_assets.evaluation.floor import scatter_between_laboratories
from sse_assets.kept import NOTHING_KEPT, Kept
from sse_assets.report import (
    choice_tables,
    evidence_tables,
    generation_tables,
    interactive,
    language_model_tables,
    leaderboard,
    paper_tables,
    prototype_tables,
    published,
    score_tables,
)
from sse_assets.report.cells import Table
from sse_assets.report.findings import findings, flattery
from sse_assets.report.inputs import ReportInputs
from sse_assets.report.pictures import pictures
from sse_assets.report.rejections import rejections
from sse_assets.report.titles import METRICS, PROTOCOL_MEANINGS
from sse_assets.report.weaknesses import weaknesses, weaknesses_table
from sse_assets.tables.names import SCORED_PROTOCOLS, in_reading_order

_TEMPLATE = "report.html"


def render_report(inputs: ReportInputs, kept: Kept = NOTHING_KEPT) -> str:
    """Return the whole report as one HTML document that loads nothing from elsewhere.

    Args:
        inputs: the tables of a run.
        kept: store of figures, from which those come that show what they showed before.
    """
    environment = Environment(
        loader=PackageLoader("sse_assets.report", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    protocols = in_reading_order(inputs.assignments["protocol"], SCORED_PROTOCOLS)
    return environment.get_template(_TEMPLATE).render(
        run=inputs,
        published=published,
        protocols=protocols,
        protocol_meanings=PROTOCOL_MEANINGS,
        n_censored=int(inputs.electrolytes["censored"].sum()),
        n_formula_only=inputs.n_formula_only,
        n_with_structure=len(with_crystals(inputs.electrolytes)),
        findings=findings(inputs),
        flattery=flattery(inputs),
        scatter=scatter_between_laboratories(inputs.judging.floor),
        weaknesses=weaknesses(inputs),
        language_model_protocols=language_model_tables.scored_protocols(inputs.language_model_fits),
        tables=_tables(inputs),
        pictures=pictures(inputs, kept),
        pretraining=language_model_tables.left_for_pretraining(
            inputs.small_language_model_curve, inputs.evidence.learning_curve
        ),
        plots=interactive.plots(inputs),
        plotly=interactive.library(),
    )


def _tables(inputs: ReportInputs) -> dict[str, Table]:
    """Return the tables under the names by which the template places them."""
    printed = {
        "weaknesses": weaknesses_table(inputs),
        "shared_sources": score_tables.shared_sources(inputs.leakage, inputs.scores),
        "families": paper_tables.families(inputs.electrolytes),
        "class_counts": paper_tables.class_counts(inputs.electrolytes),
        "rejections": rejections(inputs.rejected),
        "hyperparameters": paper_tables.hyperparameters(inputs.settings),
        "feature_sets": paper_tables.feature_sets(inputs.scores),
        "comparisons": score_tables.paired_comparisons(inputs.comparisons),
        "champions": score_tables.champions_table(inputs.champions),
        "coverage": score_tables.interval_coverage(inputs.evidence.coverage),
        "coverage_of_parts": evidence_tables.coverage_of_parts(inputs.evidence.coverage),
        "process_factors": evidence_tables.process_factors(inputs.evidence.process_factors),
        "shap_features": evidence_tables.shap_features(inputs.evidence.shap_ranking),
        "shap_kinds": evidence_tables.shap_kinds(inputs.evidence.shap_ranking),
        "cross_model": paper_tables.cross_model(inputs.scores, inputs.assignments),
        "chemical_groups": paper_tables.chemical_groups(inputs.predictions, inputs.electrolytes),
        "compounds": paper_tables.representative_compounds(inputs.predictions, inputs.electrolytes),
        "choice": choice_tables.choice_table(inputs.choice.choice),
        "candidates": choice_tables.candidates_table(inputs.choice.candidates),
        "answering": choice_tables.answering_table(inputs.choice.answering),
        "leaderboard": leaderboard.leaderboard_table(inputs.judging.leaderboard),
        "floor": leaderboard.floor_table(inputs.judging.floor),
        "doubtful_labels": leaderboard.doubtful_labels_table(inputs.judging.doubtful_labels),
        "all_scores": score_tables.all_scores(inputs.scores),
    }
    fits = inputs.language_model_fits
    if len(fits):
        printed["number_modes"] = language_model_tables.number_modes(inputs.scores, fits)
        printed["fine_tuning_costs"] = language_model_tables.costs(fits)
        for protocol in language_model_tables.scored_protocols(fits):
            printed[f"cases_{protocol}"] = language_model_tables.case_by_model(inputs.scores, protocol)
    generated = inputs.generated
    if len(generated.prototypes):
        printed["prototype_coverage"] = prototype_tables.coverage_by_family(
            generated.prototypes, inputs.electrolytes, generated.structures
        )
    if len(generated.prototypes_left_out):
        printed["prototype_errors"] = prototype_tables.errors_by_cost(generated.prototypes_left_out)
    if len(generated.prototype_contribution):
        printed["prototype_contribution"] = prototype_tables.contribution(generated.prototype_contribution)
    if len(generated.structures):
        printed["found_structures"] = generation_tables.found_structures(generated.structures)
        printed["validation"] = generation_tables.validation(generated.validation)
        printed["beside_known"] = generation_tables.found_beside_known(generated.beside_known)
        printed["contribution"] = score_tables.contribution_table(generated.contribution)
    return printed | {
        f"test_{metric}": score_tables.scores_by_protocol(inputs.scores, metric) for metric in METRICS
    }
