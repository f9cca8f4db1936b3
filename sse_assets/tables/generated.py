"""Schema `generated`: crystals for compositions of which only the formula is known (paper, II.B)."""

from sse_assets.materials.disorder import DisorderClass
from sse_assets.tables import curated
from sse_assets.tables.columns import (
    CELL,
    COMPOSITION_KEY,
    DOI,
    ELECTROLYTE_ID,
    FORMULA,
    REASON,
    REASON_CODE,
    SECONDS,
    SPACE_GROUP,
)
from sse_assets.tables.declaration import Table, choice, flag, integer, number, text
from sse_assets.tables.names import Operator, RunConditions, StructureOrigin

_FORMULA = text("formula", "Integer formula of one formula unit: the partition of the search")
_ENTHALPY = number("enthalpy_ev_per_atom", "Enthalpy (CHGNet)", "eV/atom", optional=True)
_ENERGY = number("energy_ev_per_atom", "Energy (CHGNet)", "eV/atom", optional=True)
_VOLUME = number("volume_a3_per_atom", "Volume for each atom", "Å³", optional=True, above=0)
_SHORTEST = number(
    "shortest_distance_a", "Shortest distance between two atoms", "Å", optional=True, at_least=0
)
_CONDITIONS = choice("conditions", RunConditions, "search: 50 K, 1000 bar; ambient: 300 K, 1 atm")

COMPOSITIONS = Table(
    "generated.compositions",
    "One composition without a structure that a search can be made for.",
    (
        COMPOSITION_KEY,
        ELECTROLYTE_ID,
        FORMULA,
        text("cell_formula", "Integer formula of one formula unit: the partition of the search"),
        integer(
            "formula_atoms",
            "Atoms in that formula unit; where no cell holds so many, the nearest composition is taken",
            at_least=1,
        ),
    ),
    key=("composition_key",),
)
REFUSED_COMPOSITIONS = curated.REJECTED.like(
    "generated.refused_compositions", "One measured row whose composition no search can be made for."
)
SEARCH_HISTORY = Table(
    "generated.search_history",
    "One candidate of a search (Figure 5).",
    (
        _FORMULA,
        text("search", "Search of the composition: its cell size and replicate"),
        integer("z", "Formula units in the cell", at_least=1),
        integer("replicate", "Number of the independent search of this cell size, from 0"),
        text("candidate_id", "Candidate, unique within the composition"),
        integer("generation", "Generation, from 0"),
        choice("operator", Operator, "How it was made"),
        text("parents", "Candidates that it was made from, parted by a blank", optional=True),
        _ENTHALPY,
        number("delta_ev_per_atom", "Enthalpy minus that of the better parent", "eV/atom", optional=True),
        _ENERGY,
        _VOLUME,
        number("max_force_ev_a", "Largest force that is left", "eV/Å", optional=True, at_least=0),
        _SHORTEST,
        number("mean_temperature_k", "Mean temperature of its dynamics", "K", optional=True),
        number("mean_pressure_gpa", "Mean pressure of its dynamics", "GPa", optional=True),
        integer("steps", "Evaluations of the forces"),
        SPACE_GROUP,
        text("duplicate_of", "Candidate that it repeats", optional=True),
        text("failure", "Why it is not used", optional=True),
        SECONDS.but(optional=True),
    ),
    key=("formula", "candidate_id"),
)
FOUND = (
    _FORMULA,
    number("z", "Formula units in the cell", optional=True, at_least=1),
    number("cell_atoms", "Atoms in the cell", optional=True, at_least=1),
    text("cell_composition", "Content of the cell in whole atoms", optional=True),
    number(
        "composition_difference",
        "Largest difference of an atomic fraction between the cell and the formula; 0 where it is exact",
        optional=True,
        at_least=0,
        at_most=1,
    ),
    text("parent_id", "Known structure that it was made from; empty if a search made it", optional=True),
    number("cost_per_anion", "Cost of the substitutions for each anion", optional=True, at_least=0),
    integer("searches", "Searches, over cell sizes and replicates"),
    flag(
        "converged",
        "Whether every search ended because its lowest enthalpy was flat; prototypes alone never are",
    ),
    number("generations", "Generations of the search that found it", optional=True, at_least=1),
    integer("candidates", "Candidates of all searches"),
    integer("failed_candidates", "Candidates that broke a rule"),
    SECONDS,
    _ENTHALPY,
    _ENERGY,
    _VOLUME,
    SPACE_GROUP,
    number("search_ps", "Length of the dynamics at 50 K and 1000 bar", "ps", optional=True, at_least=0),
    number("ambient_ps", "Length of the dynamics at 300 K and 1 atm", "ps", optional=True, at_least=0),
    number(
        "gained_in_dynamics_ev_per_atom",
        "Enthalpy that dynamics and a last relaxation gained",
        "eV/atom",
        optional=True,
    ),
    flag("valid", "Whether the structure held in both runs of dynamics, so that it is used"),
    text("failure", "Why there is no structure, or why it is not used", optional=True),
    text("cif", "The structure, as CIF", optional=True),
)
"""Columns of a search and its validation, which a shipped record has too."""

STRUCTURES = Table(
    "generated.structures",
    "The structure of lowest enthalpy of one composition, how it was found and whether it held.",
    (
        COMPOSITION_KEY,
        text("measured_formula", "Composition, as the measurement has it"),
        *FOUND,
        text("search_settings", "Settings of the search, as JSON"),
        text("validation_settings", "Settings of its dynamics, as JSON"),
        text("packages", "Versions of the packages that computed it, as JSON"),
        text("record", "From this run, an earlier one, or shipped with the project"),
        text(
            "record_path", "Journals and trajectories, below the blob root; empty if shipped", optional=True
        ),
    ),
    key=("formula",),
)
DYNAMICS = Table(
    "generated.dynamics",
    "One moment of the dynamics of a found structure, 100 of each run at most (Figure 6).",
    (
        _FORMULA,
        _CONDITIONS,
        number("time_ps", "Time since the start of the run", "ps", at_least=0),
        _ENERGY.but(optional=False),
        number("temperature_k", "Temperature", "K", at_least=0),
        number("pressure_gpa", "Pressure", "GPa"),
        _VOLUME.but(optional=False),
        _SHORTEST.but(optional=False),
    ),
    key=("formula", "conditions", "time_ps"),
)
VALIDATION = Table(
    "generated.validation",
    "How one structure held in one run of its dynamics: means over the second half of the run.",
    (
        _FORMULA,
        _CONDITIONS,
        number("duration_ps", "Length of the run", "ps", at_least=0),
        number("mean_temperature_k", "Mean temperature", "K", at_least=0),
        number("mean_pressure_gpa", "Mean pressure", "GPa"),
        number("volume_change", "Mean volume against that of the relaxed cell, as a share", at_least=-1),
        number("energy_change_ev_per_atom", "Mean energy against that of the relaxed cell", "eV/atom"),
        _SHORTEST.but(meaning="Shortest distance between two atoms in these moments", optional=False),
    ),
    key=("formula", "conditions"),
)

PROTOTYPES = Table(
    "generated.prototypes",
    "The structure that one electrolyte without atoms gets from a known structure type.",
    (
        ELECTROLYTE_ID,
        FORMULA,
        text("family", "Structural family, such as garnet"),
        choice(
            "structure_origin", StructureOrigin, "Always prototype; empty without a structure", optional=True
        ),
        text("structure_id", "Id of the structure", optional=True),
        text("structure_path", "CIF file, below the blob root", optional=True),
        text("cif", "The crystal with partial occupancies, as CIF", optional=True),
        flag("trusted", "Whether cell and sites are used; if not, the reason says why"),
        number(
            "cost_per_anion",
            "Cost of the substitutions for each anion: the lower, the more alike are parent and structure",
            optional=True,
            at_least=0,
        ),
        number(
            "composition_distance",
            "Σ|Δx| of the atomic fractions from the parent",
            optional=True,
            at_least=0,
            at_most=2,
        ),
        text("parent_id", "Known structure that it was made from", optional=True),
        text("parent_formula", "Composition of the parent", optional=True),
        DOI.but(name="parent_doi", meaning="Paper of the parent; several are parted by |", optional=True),
        flag("signs_reversed", "Whether cations and anions of the parent exchanged their places"),
        text("mapping", "Each orbit of the parent with what it holds now", optional=True),
        flag("cell_given", "Whether the cell is that of the measurement's own table"),
        SPACE_GROUP.but(meaning="Hermann-Mauguin symbol of the parent"),
        number("space_group_number", "Number of that group", optional=True, at_least=1, at_most=230),
        *CELL,
        choice("disorder", DisorderClass, "Which sites are shared or partly empty", optional=True),
        number("density_g_cm3", "Density", "g/cm³", optional=True, above=0),
        REASON_CODE.but(optional=True),
        REASON.but(meaning="Why it is not trusted, or why there is none", optional=True),
    ),
    key=("electrolyte_id",),
)
PROTOTYPE_LIBRARY = Table(
    "generated.prototype_library",
    "One known crystal that other compositions can be placed in.",
    (
        integer("place", "Place in the library: of two that suit as well, the first is taken", at_least=0),
        text("structure_id", "The known crystal; types of the AFLOW library may share one"),
        flag("signs_reversed", "Whether the places of its cations and anions are exchanged"),
        FORMULA,
        DOI.but(meaning="Paper of the crystal; several are parted by |", optional=True),
        text("family", "Structural family, such as garnet", optional=True),
        flag("structure_type", "Whether it stands for a structure type of the AFLOW library"),
        SPACE_GROUP.but(meaning="Hermann-Mauguin symbol"),
        integer("space_group_number", "Number of that group", at_least=1),
        number("anions", "Anions in the conventional cell", above=0),
        text("lattice", "Edges of the conventional cell as JSON, a row for each edge, Å"),
        text(
            "orbits",
            "As JSON, for each symmetry orbit: label, occupants (element, oxidation state, occupancy) and "
            "fractional coordinates of the sites",
        ),
        text("exclusions", "Pairs of orbits, by number, of which an atom is on one or on the other, as JSON"),
    ),
    key=("place",),
)
PROTOTYPES_LEFT_OUT = Table(
    "generated.prototypes_left_out",
    "One known crystal, left out and made again from the prototypes of other compositions and papers.",
    (
        text("structure_id", "The known crystal"),
        FORMULA,
        text("family", "Structural family, such as garnet", optional=True),
        number("cost_per_anion", "Cost of the substitutions for each anion", optional=True, at_least=0),
        flag("trusted", "Whether the structure would be used"),
        text("parent_id", "Known structure that it was made from", optional=True),
        *(
            number(f"{name}_error", f"Relative error of {meaning}", optional=True)
            for name, meaning in (*((edge, f"the edge {edge}") for edge in "abc"), ("density", "the density"))
        ),
        number(
            "density_error_of_composition",
            "Relative error of the density that the volumes of the elements give",
        ),
        *(
            number(
                f"{name}_error_of_nearest",
                f"Relative error with {meaning} of the nearest composition",
                optional=True,
            )
            for name, meaning in (*((edge, f"the edge {edge}") for edge in "abc"), ("density", "the density"))
        ),
    ),
    key=("structure_id",),
)
