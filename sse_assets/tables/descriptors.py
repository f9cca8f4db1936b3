"""Schema `descriptors`: numbers and prompts that the models read of a composition and its crystal."""

from sse_assets.tables.columns import CELL, ELECTROLYTE_ID, REASON, REASON_CODE
from sse_assets.tables.declaration import Table, choice, flag, integer, number, text
from sse_assets.tables.names import CellOrigin, PromptCase

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
        number("probe_radius_a", "Radius of the probe of this run", "Å", at_least=0),
        flag("lithium_removed", "Whether this run took Li out before it probed"),
        integer("n_samples", "Random points in each cell, in this run", at_least=1),
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
CHEMISTRY = Table(
    "descriptors.chemistry",
    "What kind of compound one electrolyte is; with those of which the formula alone is known.",
    (
        ELECTROLYTE_ID,
        number("li_fraction", "Share of Li among the atoms", at_least=0, at_most=1),
        number("anion_fraction", "Share of the anions among the atoms", above=0, at_most=1),
        number("other_cation_fraction", "Share of the other cations among the atoms", at_least=0, at_most=1),
        number("li_per_anion", "Atoms of Li for each anion", at_least=0),
        number("cation_per_anion", "Atoms of the other cations for each anion", at_least=0),
        number("oxide_share", "Share of O among the anions", at_least=0, at_most=1),
        number("sulfide_share", "Share of S among the anions", at_least=0, at_most=1),
        number("halide_share", "Share of halogens among the anions", at_least=0, at_most=1),
        number("cation_mixing_entropy", "−Σ x ln x over the cations other than Li", at_least=0),
        number("anion_mixing_entropy", "−Σ x ln x over the anions", at_least=0),
        number("n_elements", "Elements", at_least=1),
        number("log_atoms_of_whole_formula", "log10 of the atoms in the smallest whole formula", at_least=0),
        number(
            "cation_charge_per_anion", "Charge of the other cations, in their highest state, for each anion"
        ),
    ),
    key=("electrolyte_id",),
)
CELL_OF_ANY_SETTING = Table(
    "descriptors.cell",
    "What the cell of one electrolyte says, whichever cell is chosen; with those that are known by formula "
    "alone.",
    (
        ELECTROLYTE_ID,
        number("volume_per_atom_a3", "Volume for each atom", "Å³", optional=True, above=0),
        number("volume_per_anion_a3", "Volume for each anion", "Å³", optional=True, above=0),
        number("li_per_a3", "Atoms of Li in a volume", "Å⁻³", optional=True, at_least=0),
        number("packing_fraction", "Volume of the ions over that of the cell", optional=True, at_least=0),
        number("free_volume_per_anion_a3", "What the ions leave, for each anion", "Å³", optional=True),
        number("middle_to_shortest", "Ratio of two edges of the conventional cell", optional=True, above=0),
        number("log_longest", "log10 of its longest edge in Å", optional=True),
        number("log_point_group_order", "log10 of the operations of the point group", optional=True),
        number(
            "crystal_system", "1 (triclinic) to 7 (cubic); between where imputed", optional=True, at_least=1
        ),
        number("log_shortest", "log10 of the shortest edge in Å", optional=True),
        number("log_middle", "log10 of the middle edge in Å", optional=True),
        number("smallest_angle", "Smallest angle of the conventional cell", "degrees", optional=True),
        number("largest_angle", "Largest angle of the conventional cell", "degrees", optional=True),
        number("log_atoms_in_cell", "log10 of the atoms in the conventional cell", optional=True),
        number("log_li_in_cell", "log10 of 1 plus its Li", optional=True),
        choice("cell_origin", CellOrigin, "Where the numbers come from; composition: all are imputed"),
        text("cell_note", "Why a cell that is given could not be used", optional=True),
    ),
    key=("electrolyte_id",),
)
VOIDS = Table(
    "descriptors.voids",
    "One answer of Zeo++, kept by what was probed: a crystal that did not change is not probed again.",
    (
        text("probe", "Hash of the probed atoms, the probe's radius and samples, and the version of pyzeo"),
        number("accessible", "Share of the cell that the probe reaches", at_least=0, at_most=1),
        number("inaccessible", "Share of the cell in closed pockets", at_least=0, at_most=1),
    ),
    key=("probe",),
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
        text(
            "from_prototype",
            "What of the prompt was not measured and is that of a trusted prototype; the prompt only trains",
            optional=True,
        ),
        text("label_obelix", "What it should answer under obelix"),
        text("label_bound", "What it should answer under bound"),
    ),
    key=("electrolyte_id", "case"),
)
