"""Schema `curated`: labels, crystals and what was refused."""

from sse_assets.materials.disorder import DisorderClass
from sse_assets.tables import raw
from sse_assets.tables.columns import (
    CELL,
    COMPOSITION_KEY,
    CONDUCTIVITY_CLASS,
    DOI,
    ELECTROLYTE_ID,
    FORMULA,
    INBOX_FILE,
    INBOX_LINE,
    LICENCE,
    REASON,
    REASON_CODE,
    SIGMA,
    SOURCE_ID,
    SPACE_GROUP,
    Z,
)
from sse_assets.tables.declaration import Table, choice, flag, number, text
from sse_assets.tables.names import Outcome, Role, Source, StructureOrigin

_SIGMA, _LOG10_SIGMA = SIGMA
_CENSORED = flag("censored", "Whether σ is only a bound, below the detection limit")
_REDUCED_FORMULA = text("reduced_formula", "The formula with the smallest numbers")

MEASUREMENTS = raw.OBELIX_MEASUREMENTS.like(
    "curated.measurements",
    "One room-temperature conductivity of a charge-balanced Li compound.",
    ELECTROLYTE_ID,
    _REDUCED_FORMULA,
    COMPOSITION_KEY,
    _SIGMA,
    _CENSORED,
    _LOG10_SIGMA,
    CONDUCTIVITY_CLASS,
    text(
        "repeats",
        "Electrolyte of the same composition that speaks for the material; empty if it is this row",
        optional=True,
    ),
)

JOINED = Table(
    "curated.joined",
    "One electrolyte that is learned from, before known structure types are looked at.",
    (
        ELECTROLYTE_ID,
        FORMULA,
        _REDUCED_FORMULA,
        COMPOSITION_KEY,
        _SIGMA,
        _CENSORED,
        _LOG10_SIGMA,
        number(
            "temperature_c",
            "Temperature; empty where the source says only room temperature",
            "°C",
            optional=True,
        ),
        text("family", "Structural family, such as garnet"),
        text("chemical_group", "Oxide, sulfide (halide or not) or other, as in the paper's Table 8"),
        CONDUCTIVITY_CLASS,
        choice("disorder", DisorderClass, "Which sites are shared or partly empty", optional=True),
        SPACE_GROUP,
        number("space_group_number", "Number of the space group", optional=True, at_least=1, at_most=230),
        *CELL,
        Z,
        choice(
            "structure_origin",
            StructureOrigin,
            "Where the structure comes from; empty without one. prototype is inferred: nothing was measured",
            optional=True,
        ),
        text("structure_path", "CIF file, below the blob root", optional=True),
        text("structure_note", "What to know of the crystal", optional=True),
        text(
            "structure_remarks",
            "Kinds of what the note says, parted by semicolons: codes of materials/remarks.py",
            optional=True,
        ),
        choice("official_role", Role, "What the row does in OBELiX's own split", optional=True),
        flag(
            "formula_only",
            "Whether neither a crystal nor a unit cell is known, a prototype aside: the row only trains",
        ),
        DOI.but(optional=True),
        choice("source", Source, "Data set that it was taken from"),
        LICENCE.but(optional=True),
    ),
    key=("electrolyte_id",),
)

ELECTROLYTES = JOINED.like(
    "curated.electrolytes",
    "One electrolyte that is learned from.",
    number(
        "cost_per_anion",
        "Cost of the substitutions for each anion, where the structure is a prototype: how unlike its parent",
        optional=True,
        at_least=0,
    ),
    text("parent_id", "Known structure that the prototype was made from", optional=True),
)

STRUCTURES = Table(
    "curated.structures",
    "The crystal of one electrolyte: measured, computed or found by a search.",
    (
        ELECTROLYTE_ID,
        choice("structure_origin", StructureOrigin, "Where the crystal comes from"),
        text("structure_id", "Its id there"),
        text("structure_path", "CIF file, below the blob root"),
        text("cif", "The crystal, as CIF"),
    ),
    key=("electrolyte_id",),
)

REJECTED = Table(
    "curated.rejected",
    "One reported row or structure that is not used.",
    (
        text("source", "Data set or database that it was taken from"),
        SOURCE_ID,
        FORMULA.but(optional=True),
        REASON_CODE,
        REASON,
    ),
)
INBOX = Table(
    "curated.inbox",
    "One row of a file in the inbox, or a file that holds none.",
    (
        INBOX_FILE,
        INBOX_LINE,
        SOURCE_ID,
        FORMULA.but(optional=True),
        choice("outcome", Outcome, "What became of it"),
        REASON_CODE.but(optional=True),
        text("reason", "Why it is not used, or what was left out of it", optional=True),
    ),
)
REJECTED_MEASUREMENTS = REJECTED.like(
    "curated.rejected_measurements", "One reported row that is not learned from, whatever crystal it has."
)
