"""Schema `descriptors`: numbers and prompts that the models read of a composition and its crystal."""

from sse_assets.tables.columns import CELL, ELECTROLYTE_ID, REASON, REASON_CODE
from sse_assets.tables.declaration import Table, choice, number, text
from sse_assets.tables.names import PromptCase

STOICHIOMETRIC = Table(
    "descriptors.stoichiometric",
    "The composition of one electrolyte.",
    (ELECTROLYTE_ID,),
    key=("electrolyte_id",),
    pattern=number("^[A-Z][a-z]?$", "Atomic fraction of {}", at_least=0, at_most=1),
)
GEOMETRIC = Table(
    "descriptors.geometric",
    "Cell, density and void of one electrolyte.",
    (
        ELECTROLYTE_ID,
        *CELL[:3],
        number("density_g_cm3", "Density", "g/cm³", optional=True, above=0),
        number("volume_per_atom_a3", "Volume of the cell for each atom", "Å³", optional=True, above=0),
        number(
            "poav_cm3_g",
            "Volume that the probe reaches, Li removed (Zeo++)",
            "cm³/g",
            optional=True,
            at_least=0,
        ),
        number(
            "void_cm3_g",
            "All void for the probe, closed pockets too, Li removed (Zeo++)",
            "cm³/g",
            optional=True,
            at_least=0,
        ),
        number(
            "poav_li_kept_cm3_g",
            "Volume that a point reaches, Li in place (Zeo++)",
            "cm³/g",
            optional=True,
            at_least=0,
        ),
    ),
    key=("electrolyte_id",),
)
SYMMETRY_AND_DISORDER = Table(
    "descriptors.symmetry_and_disorder",
    "Symmetry and disorder of one electrolyte.",
    (
        ELECTROLYTE_ID,
        number("space_group_number", "Number of the space group", optional=True, at_least=1, at_most=230),
        number("point_group_order", "Operations of the point group", optional=True, at_least=1, at_most=48),
        number("centrosymmetric", "1 with inversion, else 0", optional=True, at_least=0, at_most=1),
        number(
            "li_disordered", "1 if a site of Li is shared or partly empty, else 0", optional=True, at_most=1
        ),
        number(
            "other_disordered",
            "1 if another site is shared or partly empty, else 0",
            optional=True,
            at_most=1,
        ),
        number(
            "disordered_site_share",
            "Share of the sites that are shared or partly empty",
            optional=True,
            at_most=1,
        ),
        number(
            "mean_li_occupancy", "Mean occupancy of Li on the sites that hold some", optional=True, at_least=0
        ),
    ),
    key=("electrolyte_id",),
)
FAILURES = Table(
    "descriptors.failures",
    "One descriptor of one electrolyte that could not be computed.",
    (
        ELECTROLYTE_ID,
        text("descriptor", "Column that is empty, or structure where the crystal cannot be read"),
        REASON_CODE,
        REASON.but(meaning="Why it could not be computed"),
    ),
)
PROMPTS = Table(
    "descriptors.prompts",
    "One prompt of one electrolyte (Tables 3 and 4).",
    (
        ELECTROLYTE_ID,
        choice("case", PromptCase, "What the prompt tells: formula; and symmetry; and disorder; and both"),
        text("prompt", "What the language model reads; empty where something is not known", optional=True),
        text("missing", "What is not known for the prompt", optional=True),
        text("label_obelix", "What it should answer under obelix"),
        text("label_bound", "What it should answer under bound"),
    ),
    key=("electrolyte_id", "case"),
)
