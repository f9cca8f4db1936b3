"""Schema `metrics`: errors of the predictions."""

from sse_assets.tables.columns import (
    BOOTSTRAP_95,
    DOI,
    ELECTROLYTE_ID,
    FORMULA,
    LABEL,
    LABEL_CONVENTION,
    MODEL,
    PREDICTED,
    PREDICTION,
    PREDICTION_KEY,
    PROTOCOL,
    ROLE,
    VARIANT,
)
from sse_assets.tables.declaration import Column, Table, choice, flag, integer, number, text
from sse_assets.tables.names import CoverageOf, DescriptorKind, Entry, KernelFactor, Metric, PromptCase


def _bootstrap_95(name: str) -> tuple[Column, ...]:
    """Return the columns with the 95 % bootstrap interval of another column."""
    return tuple(
        end.but(name=f"{name}_{end.name}", meaning=f"{end.meaning} of {name}") for end in BOOTSTRAP_95
    )


PREDICTIONS = Table(
    "metrics.predictions",
    "The prediction of one model for one electrolyte in one fold.",
    PREDICTION,
    key=PREDICTION_KEY,
)
SUBMITTED_PREDICTIONS = PREDICTIONS.like(
    "metrics.submitted_predictions",
    "The prediction of one submitted model for one test row of one fold (`sse-assets score --add`).",
    flag("imputed", "Whether the median of the training rows stands in for a prediction that lacks"),
)

SCORES = Table(
    "metrics.scores",
    "One figure of merit of one model.",
    (
        PROTOCOL,
        MODEL,
        VARIANT,
        LABEL_CONVENTION,
        ROLE,
        choice("metric", Metric, "mae and rmse in log units, r2, srcc (Spearman's rank correlation)"),
        number("value", "Value of the metric; empty where it is not defined", optional=True),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes that it rests on", at_least=1),
    ),
    key=("protocol", "model", "variant", "label_convention", "role", "metric"),
)
COMPARISONS = Table(
    "metrics.comparisons",
    "The difference between two models on the same test rows.",
    (
        PROTOCOL,
        LABEL_CONVENTION,
        MODEL,
        VARIANT,
        text("baseline", "Model that it is compared with"),
        text("baseline_variant", "Variant of that model"),
        choice("metric", Metric, "Figure of merit that is compared"),
        number("difference", "Metric of the model minus that of the other; below zero the model errs less"),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes that both predict", at_least=1),
    ),
)
COVERAGE = Table(
    "metrics.coverage",
    "How many of some rows lie inside the intervals that one model gave for them, and how far it errs there.",
    (
        PROTOCOL,
        MODEL,
        VARIANT,
        LABEL_CONVENTION,
        ROLE,
        choice("coverage_of", CoverageOf, "What parts the rows"),
        text("part", "Which of the parts; all for the whole"),
        number("coverage", "Share of the rows inside the 90 % interval", at_least=0, at_most=1),
        number("mean_width", "Mean width of the 90 % interval, log units", at_least=0),
        *_bootstrap_95("coverage"),
        number(
            "coverage_50",
            "Share of the rows inside the 50 % interval; empty for a model that gives none",
            optional=True,
            at_least=0,
            at_most=1,
        ),
        number("mean_width_50", "Mean width of the 50 % interval, log units", optional=True, at_least=0),
        number("mae", "Mean absolute error on these rows, log units", at_least=0),
        *_bootstrap_95("mae"),
        number(
            "mean_distance",
            "Mean distance to the nearest training row, as the Gaussian process measures it",
            optional=True,
            at_least=0,
        ),
        integer("n", "Electrolytes that it rests on", at_least=1),
    ),
    key=("protocol", "model", "variant", "label_convention", "role", "coverage_of", "part"),
)
BY_CHEMICAL_GROUP = Table(
    "metrics.by_chemical_group",
    "Test error of one model in one chemical group (the paper's Table 8).",
    (
        PROTOCOL,
        MODEL,
        VARIANT,
        LABEL_CONVENTION,
        text("chemical_group", "Oxide, sulfide (halide or not) or other"),
        integer("n", "Electrolytes that it rests on"),
        number("mae", "Mean absolute error, log units", optional=True, at_least=0),
        number("paper_n", "Rows, in the paper", optional=True),
        number("paper_boosted_trees_mae", "MAE of the trees, in the paper", optional=True),
        number("paper_language_model_mae", "MAE of the best language model, in the paper", optional=True),
    ),
)
REPRESENTATIVE_COMPOUNDS = Table(
    "metrics.representative_compounds",
    "One compound of the paper's Table 9 under one protocol.",
    (
        text("group", "Kind of compound, in the paper's Table 9"),
        FORMULA.but(meaning="Compound, as the paper writes it"),
        ELECTROLYTE_ID.but(optional=True),
        integer("n_measurements", "Measurements of the compound here"),
        number("measured", "Measured here, log10(σ / (S/cm))", optional=True),
        PROTOCOL.but(optional=True),
        ROLE.but(optional=True),
        PREDICTED.but(optional=True),
        number("paper_measured", "Measured, in the paper", optional=True),
        number("paper_boosted_trees", "Predicted by the trees, in the paper", optional=True),
        number("paper_language_model", "Predicted by the best language model, in the paper", optional=True),
    ),
)
GENERATED_CONTRIBUTION = Table(
    "metrics.generated_contribution",
    "What generated structures do to the test error under grouped.",
    (
        text("question", "What is compared"),
        number("mae", "Mean absolute error, log units", at_least=0),
        number("mae_of_other", "MAE of what it is compared with, log units", at_least=0),
        number("difference", "The first minus the second, log units"),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes that it rests on", at_least=1),
    ),
)

PROTOTYPE_CONTRIBUTION = Table(
    "metrics.prototype_contribution",
    "What the cells of prototypes do to the test error of one model on some rows.",
    (
        PROTOCOL,
        MODEL,
        LABEL_CONVENTION,
        text("part", "Which of the test rows"),
        number("mae", "Mean absolute error with the cells of prototypes, log units", at_least=0),
        number("mae_without", "The same without them, trained on the same rows", at_least=0),
        number("difference", "The first minus the second, log units"),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes that it rests on", at_least=1),
    ),
    key=("protocol", "model", "label_convention", "part"),
)

FLOOR = Table(
    "metrics.floor",
    "How far a measurement lies from the median of other papers on the same composition.",
    (
        LABEL_CONVENTION,
        choice("statistic", ("mean", "median"), "Which average of the absolute differences"),
        number("value", "The average, log units", at_least=0),
        *BOOTSTRAP_95,
        integer("n", "Measurements whose composition another paper has measured too", at_least=1),
        integer("n_papers", "Papers that they are from", at_least=1),
    ),
    key=("label_convention", "statistic"),
)
LEARNING_CURVE = Table(
    "metrics.learning_curve",
    "Error on held-out papers of the Gaussian process that trains on a share of the other papers.",
    (
        LABEL_CONVENTION,
        number("share", "Share of the training papers, drawn at random", above=0, at_most=1),
        number("n_papers", "Papers that train, mean over the folds", above=0),
        number("n_train", "Rows that train, mean over the folds", above=0),
        number("mae", "Mean absolute error, log units", at_least=0),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes that are tested", at_least=1),
    ),
    key=("label_convention", "share"),
)
SMALL_LANGUAGE_MODEL_LEARNING_CURVE = LEARNING_CURVE.like(
    "metrics.small_language_model_learning_curve",
    "Error on held-out papers of the small language model that trains on a share of the other papers.",
    choice("case", PromptCase, "What its prompts tell"),
)
PROCESS_FACTORS = Table(
    "metrics.process_factors",
    "What one factor of the Gaussian process's kernel is worth on held-out papers.",
    (
        LABEL_CONVENTION,
        choice("factor", KernelFactor, "What it compares two materials by"),
        number(
            "gain",
            "Shapley value: how far the factor lowers the MAE, mean over the orders in which factors can be "
            "added, log units",
        ),
        *BOOTSTRAP_95,
        number("share", "Gain by the sum of all gains", optional=True),
        number("mae", "MAE with all factors, log units", at_least=0),
        number("mae_without", "MAE where this factor takes all materials for alike, log units", at_least=0),
        number("mae_alone", "MAE with this factor alone, log units", at_least=0),
        number("mae_of_none", "MAE without any factor, log units", at_least=0),
        integer("n", "Electrolytes that are tested", at_least=1),
    ),
    key=("label_convention", "factor"),
)
SHAP_RANKING = Table(
    "metrics.shap_ranking",
    "How far one descriptor, or one kind of descriptor, moves the trees' predictions for test rows.",
    (
        PROTOCOL,
        LABEL_CONVENTION,
        choice("ranked", ("feature", "kind"), "Whether single descriptors or kinds of them are ranked"),
        text("name", "Descriptor, or kind"),
        choice("kind", DescriptorKind, "Kind of the descriptor"),
        number(
            "mean_abs_shap",
            "Mean over the rows of the absolute SHAP value, for a kind that of the sum over its descriptors, "
            "log units",
            at_least=0,
        ),
        integer("rank", "Place by that mean, 1 for the largest", at_least=1),
        number("paper_rank", "Place of the descriptor in the paper's Figure 7(d)", optional=True, at_least=1),
        integer("n", "Electrolytes that it rests on", at_least=1),
    ),
    key=("protocol", "label_convention", "ranked", "name"),
)
LEADERBOARD = Table(
    "metrics.leaderboard",
    "One figure of merit of a model, a baseline, a submitted model, a publication or the floor.",
    (
        choice("entry", Entry, "What is scored"),
        PROTOCOL.but(meaning="How train and test were parted; empty for a parting of its own", optional=True),
        LABEL_CONVENTION.but(optional=True),
        MODEL.but(meaning="Model, baseline or name of the entry"),
        VARIANT,
        SCORES.column("metric"),
        SCORES.column("value"),
        *BOOTSTRAP_95,
        number("n", "Electrolytes that it rests on; empty where it is not stated", optional=True, at_least=1),
        number(
            "rank",
            "Place among what was scored on the same rows, 1 for the best; empty for published values",
            optional=True,
            at_least=1,
        ),
        text("source", "Who states it"),
    ),
    key=("entry", "protocol", "label_convention", "model", "variant", "metric"),
)
DOUBTFUL_LABELS = Table(
    "metrics.doubtful_labels",
    "What other papers and a model say of one measurement, the most contradicted first; all are kept.",
    (
        ELECTROLYTE_ID,
        FORMULA,
        text("family", "Structural family, such as garnet"),
        DOI.but(optional=True),
        LABEL.but(meaning="Measured value, a bound counts as its value, log10(σ / (S/cm))"),
        flag("censored", "Whether σ is only a bound, below the detection limit"),
        integer("n_others", "Measurements of the same composition in other papers"),
        number("others_median", "Their median, log10(σ / (S/cm))", optional=True),
        number("difference", "Measured value minus that median, log units", optional=True),
        number(
            "paper_difference",
            "Median of `difference` over all rows of the same paper, log units",
            optional=True,
        ),
        integer("n_paper", "Rows of the paper that have a `difference`"),
        text("nearest_formula", "Nearest other composition of another paper", optional=True),
        number(
            "nearest_distance",
            "Sum of the differences in atomic fractions to it",
            optional=True,
            at_least=0,
            at_most=2,
        ),
        number("nearest_median", "Median of what was measured of it there, log10(σ / (S/cm))", optional=True),
        number("predicted", "Prediction of a model that saw neither paper nor composition", optional=True),
        number("residual", "Measured value minus the prediction, log units", optional=True),
        number(
            "standardised_residual",
            "Residual by the standard deviation that the 90 % interval implies, or by that of all residuals",
            optional=True,
        ),
        number("doubt", "The larger of |difference| and |residual|, in standard deviations", at_least=0),
    ),
    key=("electrolyte_id",),
)
