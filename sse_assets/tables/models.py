"""Schema `models`: fits, their predictions, and the models that answer."""

from sse_assets.tables.columns import (
    BOOTSTRAP_95,
    ELECTROLYTE_ID,
    FOLD,
    LABEL_CONVENTION,
    MODEL,
    PREDICTED,
    PREDICTION,
    PREDICTION_KEY,
    PROTOCOL,
    SECONDS,
    VARIANT,
)
from sse_assets.tables.declaration import Table, choice, flag, integer, number, text
from sse_assets.tables.names import (
    CellBlock,
    Decision,
    FeatureSet,
    InputKind,
    NumberMode,
    PromptCase,
    Task,
)

_FEATURE_SET = choice("feature_set", FeatureSet, "Descriptors that the model sees")
_MODEL_PATH = text(
    "model_path", "Stored model, below the blob root; empty for a fold of cross-validation", optional=True
)
_TASK = choice("kind", Task, "text writes the number, regression has a linear head")
_FIT = (PROTOCOL, FOLD, LABEL_CONVENTION)

_PREDICTIONS = Table(
    "models.baseline_predictions",
    "The prediction of one baseline for one electrolyte in one fold.",
    PREDICTION,
    key=PREDICTION_KEY,
)
BASELINE_PREDICTIONS = _PREDICTIONS
BOOSTED_TREES_PREDICTIONS = _PREDICTIONS.like(
    "models.boosted_trees_predictions", "The prediction of the trees for one electrolyte in one fold."
)
BOOSTED_TREES_SETTINGS = Table(
    "models.boosted_trees_settings",
    "Hyperparameters of the trees on one feature set.",
    (
        _FEATURE_SET,
        text("origin", "Table 1, the launchpad or a search"),
        integer("n_estimators", "Boosting rounds", at_least=1),
        number("reg_lambda", "L2 penalty on leaf values", at_least=0),
        number("reg_alpha", "L1 penalty on leaf values", at_least=0),
        integer("max_depth", "Most splits between root and leaf", at_least=1),
        integer("num_parallel_tree", "Trees grown in each round", at_least=1),
        number("min_child_weight", "Fewest rows in a leaf", at_least=0),
        number("subsample", "Share of the rows that each tree sees", above=0, at_most=1),
        number("learning_rate", "Shrinkage of each round", above=0, at_most=1),
        number("gamma", "Least loss reduction for a split", at_least=0),
        integer("seed", "Seed of everything drawn at random"),
    ),
    key=("feature_set",),
)
BOOSTED_TREES = Table(
    "models.boosted_trees",
    "One fit of the trees.",
    (
        *_FIT,
        integer("n_train", "Rows that trained"),
        integer("n_test", "Rows that tested"),
        SECONDS,
        number("interval_half_width", "Half of the 90 % interval, log units", optional=True, at_least=0),
        integer("cv_folds", "Folds of the cross-validation inside the training rows"),
        number("cv_mae", "MAE of that cross-validation, log units", optional=True, at_least=0),
        number("cv_rmse", "RMSE of that cross-validation, log units", optional=True, at_least=0),
        number("cv_r2", "R² of that cross-validation", optional=True, at_most=1),
        _FEATURE_SET,
        _MODEL_PATH,
    ),
    key=("feature_set", "protocol", "fold", "label_convention"),
)
BOOSTED_TREES_SHAP = Table(
    "models.boosted_trees_shap",
    "What one feature of one electrolyte adds to the prediction of one stored model.",
    (
        ELECTROLYTE_ID,
        text("feature", "Descriptor"),
        number("feature_value", "Value of the descriptor, in its own unit", optional=True),
        number("shap_value", "What it adds to the prediction, log units"),
        _FEATURE_SET,
        PROTOCOL,
        LABEL_CONVENTION,
    ),
)
BOOSTED_TREES_GROUPED_SHAP = BOOSTED_TREES_SHAP.like(
    "models.boosted_trees_grouped_shap",
    "What one feature of one electrolyte adds to its prediction by the trees of the fold that tests it.",
)
BOOSTED_TREES_WITHOUT_GENERATED = Table(
    "models.boosted_trees_without_generated",
    "The prediction for one test row of grouped by trees that saw no generated structure.",
    (FOLD, ELECTROLYTE_ID, PREDICTED),
    key=("electrolyte_id",),
)
CHAMPIONS = Table(
    "models.champions",
    "One decision between the model that answers and the one trained last.",
    (
        _FEATURE_SET,
        choice("decision", Decision, "What came of it"),
        text("reason", "Why it was decided so"),
        number(
            "mae_champion", "Test MAE of the model that answered before, log units", optional=True, at_least=0
        ),
        number("mae_challenger", "Test MAE of the model trained last, log units", optional=True, at_least=0),
        number("difference", "MAE of the challenger minus that of the champion, log units", optional=True),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes that both were tested on"),
        text("model_path", "Model that answers from then on, below the blob root"),
        text("data_version", "Hash of what that model was trained on"),
        integer("n_train", "Rows that it was trained on"),
        text("champion", "Hash of its rows and settings"),
        text("challenger", "Hash of the rows and settings of the model trained last"),
        text("tested", "Hash of the test rows"),
        text("decided_at", "When, UTC"),
    ),
)

CANDIDATES = Table(
    "models.candidates",
    "One candidate for the model of conductivity, tested on papers held out.",
    (
        LABEL_CONVENTION,
        text(
            "level",
            "Papers that decide: every paper, or those without one fold, whose choice that fold tests",
        ),
        text("candidate", "What predicts"),
        text("model", "Kind of model"),
        flag("can_answer", "Whether the pipeline stores such a model; only such a one is chosen"),
        number("mae", "Mean absolute error, log units", at_least=0),
        number("difference", "MAE minus that of the chosen, log units"),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes tested", at_least=1),
        integer("n_papers", "Papers that they are from", at_least=1),
        flag("chosen", "Whether it is the one chosen at this level"),
    ),
    key=("label_convention", "level", "candidate"),
)
CHOICE = Table(
    "models.choice",
    "The candidate chosen under one label convention, what the choice cost, and the process that is fitted.",
    (
        LABEL_CONVENTION,
        text("candidate", "What was chosen"),
        text("model", "Kind of model"),
        number(
            "mae", "MAE of the chosen on the papers that chose it, log units: a little too low", at_least=0
        ),
        number(
            "nested_mae", "MAE where each fold is predicted by the choice without it, log units", at_least=0
        ),
        *(
            bound.but(meaning=f"{bound.meaning} of the nested MAE, over whole papers")
            for bound in BOOTSTRAP_95
        ),
        number("cost", "Nested MAE minus MAE: what the choice makes the MAE look too low by, log units"),
        integer("n", "Electrolytes tested", at_least=1),
        integer("n_papers", "Papers that they are from", at_least=1),
        integer("n_rows", "Rows that trained or were tested", at_least=1),
        integer("chosen_again", "Folds without which the same was chosen"),
        integer("n_folds", "Folds", at_least=1),
        text("how", "How it was chosen, in words"),
        text("process", "Candidate that models.gaussian_process fits: the best of the processes"),
        flag("chemistry", "Whether its kernel compares chemistry"),
        choice("cell", CellBlock, "What its kernel compares of the cell"),
        number("fractions_length", "Σ|Δ atomic fraction| over which likeness falls to 1/e", above=0),
        number("cumulative_length", "Steps of the Pettifor scale over which it does", above=0),
        number("chemistry_length", "Mean z-scores of the chemistry over which it does", above=0),
        number("cell_length", "Mean z-scores of the cell over which it does", above=0),
        number("paper_variance", "What the rows of one paper share, relative to the kernel's 2", at_least=0),
        number("noise_variance", "What repeats of one composition differ by, likewise", at_least=0),
    ),
    key=("label_convention",),
)
ANSWERING = Table(
    "models.answering",
    "One model that can answer for one kind of input, and whether it does.",
    (
        choice("kind", InputKind, "What is told of the material"),
        MODEL,
        VARIANT,
        number("mae", "MAE on the rows of papers that have such an input (bound), log units", at_least=0),
        number("difference", "MAE minus that of the model that answers, log units"),
        *BOOTSTRAP_95,
        integer("n", "Electrolytes tested", at_least=1),
        integer("n_papers", "Papers that they are from", at_least=1),
        flag("answers", "Whether it answers where no other model is asked for"),
        text("reason", "Why, or why not"),
    ),
    key=("kind", "model", "variant"),
)

GAUSSIAN_PROCESS = Table(
    "models.gaussian_process",
    "One fit of the Gaussian process on composition, chemistry and cell.",
    (
        *_FIT,
        integer("n_train", "Rows that trained, those with a formula alone among them"),
        integer("n_test", "Rows that tested"),
        SECONDS,
        integer("n_held_out", "Rows whose paper was held out of the training rows, for the intervals"),
        number("held_out_mae", "MAE on these, log units", at_least=0),
        number("std_in_interval_50", "Half of the 50 % interval, in standard deviations", optional=True),
        number("std_in_interval_90", "Half of the 90 % interval, in standard deviations", optional=True),
        number(
            "domain_limit", "Distance to the nearest training row beyond which a row is far", optional=True
        ),
        _MODEL_PATH.but(meaning="Stored model, below the blob root; empty but for the fit on all rows"),
    ),
    key=("protocol", "fold", "label_convention"),
)
GAUSSIAN_PROCESS_PREDICTIONS = _PREDICTIONS.like(
    "models.gaussian_process_predictions",
    "The prediction of the Gaussian process for one electrolyte in one fold.",
    number("low_50", "Lower end of the 50 % interval of the prediction", optional=True),
    number("high_50", "Upper end of the 50 % interval of the prediction", optional=True),
    number("std", "Standard deviation of the process, log units", optional=True, at_least=0),
    number(
        "nearest_distance",
        "Distance to the nearest training row, in lengths over which likeness fades to 1/e; empty for a "
        "training row",
        optional=True,
        at_least=0,
    ),
    flag("outside_domain", "Whether an element is unseen, or every training row is far"),
)

LANGUAGE_MODELS = Table(
    "models.language_models",
    "One fit of a language model on the prompts of one case.",
    (
        *_FIT,
        _TASK,
        choice("case", PromptCase, "What its prompts tell"),
        text("base_model", "Language model that was trained"),
        text("placement", "How its weights were held, and why"),
        text("quantisation", "Precision of its weights"),
        integer("n_train", "Rows that trained"),
        integer("n_from_prototype", "Those whose symmetry or disorder class is that of a trusted prototype"),
        integer("n_without_prompt", "Rows of the fold that lack what the case tells"),
        integer("epochs", "Passes over the training rows", at_least=1),
        number("first_loss", "Loss of the first update"),
        number("final_loss", "Mean loss of the last epoch"),
        SECONDS,
        number("tokens_per_second", "Speed of training", "tokens/s", at_least=0),
        number("peak_memory_gb", "Most memory in use: of the GPU, on a CPU of the process", "GB", at_least=0),
        integer("resumed_at_step", "Update at which a killed run went on; 0 if it was not killed"),
        number("n_valid", "Sampled answers that were a number", optional=True, at_least=0),
        number("n_total", "Sampled answers", optional=True, at_least=0),
        number("mae_valid", "MAE of those that were a number, log units", optional=True, at_least=0),
        number(
            "mae_all",
            "MAE with the training median in place of the others, log units",
            optional=True,
            at_least=0,
        ),
        _MODEL_PATH,
    ),
    key=("base_model", "case", "kind", "protocol", "fold", "label_convention"),
)
SMALL_LANGUAGE_MODEL = LANGUAGE_MODELS.like(
    "models.small_language_model", "One fit of the small language model on the prompts of one case."
)
LANGUAGE_MODELS_PREDICTIONS = _PREDICTIONS.like(
    "models.language_models_predictions",
    "The prediction of one language model for one electrolyte in one fold.",
    choice("mode", NumberMode, "How the number was got out of the model"),
    flag("valid", "Whether the answer was a number"),
    flag("imputed", "Whether the training median stands in for it"),
    integer("n_draws", "Answers drawn"),
    number("mean", "Mean of the draws or the distribution, log10(σ / (S/cm))", optional=True),
    number(
        "std", "Standard deviation of the draws or the distribution, log units", optional=True, at_least=0
    ),
)
SMALL_LANGUAGE_MODEL_PREDICTIONS = LANGUAGE_MODELS_PREDICTIONS.like(
    "models.small_language_model_predictions",
    "The prediction of the small language model for one electrolyte in one fold.",
)
LANGUAGE_MODELS_LOSSES = Table(
    "models.language_models_losses",
    "One update of the training of a language model.",
    (
        *_FIT,
        _TASK,
        integer("step", "Update, from 1"),
        number("epoch", "Passes over the training rows so far", at_least=0),
        number("loss", "Cross-entropy, or squared error of a regression head"),
        number("learning_rate", "Learning rate at this update", at_least=0),
    ),
)
SMALL_LANGUAGE_MODEL_LOSSES = LANGUAGE_MODELS_LOSSES.like(
    "models.small_language_model_losses", "One update of the training of the small language model."
)
