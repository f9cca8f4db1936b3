"""Schema `metrics`: errors of the predictions."""

from sse_assets.tables.columns import (
    BOOTSTRAP_95,
    ELECTROLYTE_ID,
    FORMULA,
    LABEL_CONVENTION,
    MODEL,
    PREDICTED,
    PREDICTION,
    PREDICTION_KEY,
    PROTOCOL,
    ROLE,
    VARIANT,
)
from sse_assets.tables.declaration import Table, choice, integer, number, text
from sse_assets.tables.names import Metric

PREDICTIONS = Table(
    "metrics.predictions",
    "The prediction of one model for one electrolyte in one fold.",
    PREDICTION,
    key=PREDICTION_KEY,
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
    "How many rows lie inside the intervals that one model gave for them.",
    (
        PROTOCOL,
        MODEL,
        VARIANT,
        LABEL_CONVENTION,
        ROLE,
        number("coverage", "Share of the rows inside the 90 % interval", at_least=0, at_most=1),
        number("mean_width", "Mean width of the 90 % interval, log units", at_least=0),
        integer("n", "Electrolytes that it rests on", at_least=1),
    ),
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
