"""Columns that stand in more than one table."""

from sse_assets.materials.conductivity import ConductivityClass, LabelConvention
from sse_assets.tables.declaration import choice, integer, number, text
from sse_assets.tables.names import Protocol, Reason, Role

ELECTROLYTE_ID = text("electrolyte_id", "The electrolyte: its source, a colon and its id there")
SOURCE_ID = text("source_id", "Its id in the source")
FORMULA = text("formula", "Composition of one formula unit, as the source has it")
COMPOSITION_KEY = text("composition_key", "Equal for equal compositions: atomic fractions to three decimals")
LICENCE = text("licence", "Terms under which the source may be used")
DOI = text("doi", "Where it was published; several are parted by |")
SPACE_GROUP = text("space_group", "Hermann-Mauguin symbol", optional=True)
Z = number("z", "Formula units in the cell", optional=True, above=0)
CELL = (
    *(number(name, f"Length of the cell vector {name}", "Å", optional=True, above=0) for name in "abc"),
    *(
        number(name, f"Angle of the cell between {sides}", "degrees", optional=True, above=0, at_most=180)
        for name, sides in (("alpha", "b and c"), ("beta", "a and c"), ("gamma", "a and b"))
    ),
)
SIGMA = (
    number("sigma_s_cm", "Ionic conductivity, or the bound on it", "S/cm", above=0),
    number("log10_sigma", "log10(σ / (S/cm)); a bound counts as its value"),
)
CONDUCTIVITY_CLASS = choice(
    "conductivity_class", ConductivityClass, "Class of the conductivity (Figure 4(b))"
)
REASON_CODE = choice("reason_code", Reason, "Kind of the reason")
INBOX_FILE = text("file", "File of the inbox; a member of an archive stands below it")
INBOX_LINE = integer("line", "Line of the file; 0 stands for the file as a whole")
REASON = text("reason", "Why it is not used")

PROTOCOL = choice("protocol", Protocol, "How train and test were parted")
FOLD = integer("fold", "Fold of the protocol, from 0")
ROLE = choice("role", Role, "What the row does in the fold")
MODEL = text("model", "Model or baseline")
VARIANT = text("variant", "Feature set of the model, or prompt case; none for a model that has no variants")
LABEL_CONVENTION = choice(
    "label_convention",
    LabelConvention,
    "What a row below the detection limit counts as: bound is the limit, obelix 1e-15 S/cm",
)
LABEL = number("log10_sigma", "Measured value under the label convention, log10(σ / (S/cm))")
PREDICTED = number("predicted", "Prediction, log10(σ / (S/cm))")
INTERVAL_90 = (
    number(
        "low",
        "Lower end of the 90 % interval of the prediction; empty if the model gives none",
        optional=True,
    ),
    number(
        "high",
        "Upper end of the 90 % interval of the prediction; empty if the model gives none",
        optional=True,
    ),
)
PREDICTION = (
    PROTOCOL,
    FOLD,
    MODEL,
    VARIANT,
    LABEL_CONVENTION,
    ELECTROLYTE_ID,
    ROLE,
    LABEL,
    PREDICTED,
    *INTERVAL_90,
)
PREDICTION_KEY = ("protocol", "fold", "model", "variant", "label_convention", "electrolyte_id")
BOOTSTRAP_95 = (
    number("low", "Lower end of the 95 % bootstrap interval", optional=True),
    number("high", "Upper end of the 95 % bootstrap interval", optional=True),
)
SECONDS = number("seconds", "Time that it took", "s", at_least=0)
