"""Names that are written into tables by one stage and read by another."""

from collections.abc import Iterable
from enum import StrEnum


class Source(StrEnum):
    """Data set that a measurement was taken from."""

    OBELIX = "obelix"
    LIION = "liion"
    SAMPLE = "sample"
    INBOX = "inbox"


class StructureOrigin(StrEnum):
    """Origin of the structure of an electrolyte."""

    OBELIX = "obelix"
    MATERIALS_PROJECT = "materials_project"
    OQMD = "oqmd"
    GENERATED = "generated"
    PROTOTYPE = "prototype"
    """A known structure type that the composition was placed in."""
    SAMPLE = "sample"
    INBOX = "inbox"


class Outcome(StrEnum):
    """What became of a row or file of the inbox."""

    ACCEPTED = "accepted"
    """Models learn from it."""
    REFUSED = "refused"
    HELD_BACK = "held_back"
    """It waits for an answer of its owner."""


class Reason(StrEnum):
    """Kind of reason for which a row, structure or descriptor is not used; a sentence beside it says more."""

    UNREADABLE_FILE = "unreadable_file"
    """A file of the inbox cannot be read at all."""
    UNREADABLE_ROW = "unreadable_row"
    """A cell of a row is missing or is not what its column needs."""
    UNREADABLE_FORMULA = "unreadable_formula"
    UNREADABLE_STRUCTURE = "unreadable_structure"
    """The CIF cannot be read, or cannot be believed."""
    OTHER_COMPOUND = "other_compound"
    """The CIF is of another compound than the formula."""
    IMPOSSIBLE_CELL = "impossible_cell"
    """No solid has the unit cell, or has it with this formula and Z."""
    NO_LITHIUM = "no_lithium"
    CHARGE_IMBALANCE = "charge_imbalance"
    """The formula cannot be charge balanced: the paper's stoichiometric errors."""
    NOT_A_CONDUCTIVITY = "not_a_conductivity"
    """The conductivity is not a positive number or bound."""
    TEMPERATURE = "temperature"
    """It was measured outside the window around room temperature."""
    REPEATED_ID = "repeated_id"
    REPEATED_MEASUREMENT = "repeated_measurement"
    """Another row tells of the measurement and describes the crystal, or is nearer to 25 °C."""
    GLASS = "glass"
    """No crystal describes it."""
    UNKNOWN_ELEMENT = "unknown_element"
    """CHGNet does not know an element of it, or no known structure has the element."""
    CELL_TOO_LARGE = "cell_too_large"
    """No integer formula of few enough atoms has the composition."""
    NO_PROTOTYPE = "no_prototype"
    """No known structure has a place for each element of the composition."""
    OVERLAPPING_ATOMS = "overlapping_atoms"
    """Two atoms of its prototype are closer than atoms come."""
    OTHER_CELL = "other_cell"
    """No known structure has the space group and the unit cell of its table."""
    COSTLY_SUBSTITUTION = "costly_substitution"
    """Its elements rarely take the places of those of its prototype."""
    NOT_COMPUTED = "not_computed"
    """The computation of a descriptor failed or took too long."""
    NOT_KNOWN = "not_known"
    """A value from which a descriptor is computed is not known."""
    NEEDS_CONFIRMATION = "needs_confirmation"
    """A row of the inbox may be right and looks like a slip: its column `confirmed` settles it."""
    FAILED = "failed"
    """The code failed on it, in a way that nobody foresaw."""


class CellOrigin(StrEnum):
    """Origin of the numbers that describe the cell of a row."""

    STRUCTURE = "structure"
    """The crystal itself."""
    TABLE = "table"
    """The lattice constants, Z and space group of its table."""
    TABLE_IN_PART = "table_in_part"
    """The table or the crystal for some; the rest is imputed from the composition."""
    PROTOTYPE = "prototype"
    """A known structure type that the composition was placed in, at a cost that is trusted."""
    COMPOSITION = "composition"
    """All are imputed from the composition."""


class CellBlock(StrEnum):
    """What the kernel of a process compares of two cells."""

    NONE = "none"
    ROOM_AND_SHAPE = "room_and_shape"
    """Room for the atoms, ratios of edges, symmetry."""
    WHOLE = "whole"
    """These, and the numbers by which a structure type is known: edges, angles, atoms in the cell."""


class InputKind(StrEnum):
    """What is told of a material whose conductivity is asked."""

    FORMULA = "formula"
    FORMULA_AND_CELL = "formula_and_cell"
    """The lattice constants too, and no positions of atoms."""
    CIF = "cif"


class Protocol(StrEnum):
    """Way to divide rows into those that train and those that test."""

    DIVERSITY = "diversity"
    """The paper's max-min selection: every test row has a near neighbour in train."""
    RANDOM = "random"
    """K-fold: by chance, test rows share papers and compositions with train."""
    PAPERS = "papers"
    """K-fold over papers, without OBELiX's official test rows: no paper and no composition in common."""
    OFFICIAL = "official"
    """OBELiX's own train and test rows: no paper and no composition in common."""
    GROUPED = "grouped"
    """K-fold over merged groups: no paper and no composition in common, every row tested once."""
    ALL_ROWS = "all_rows"
    """No split: a fit on every row, which answers for new materials."""


SCORED_PROTOCOLS = (
    Protocol.DIVERSITY,
    Protocol.RANDOM,
    Protocol.PAPERS,
    Protocol.OFFICIAL,
    Protocol.GROUPED,
)
"""The protocols that have test rows, from the most flattering to the most honest: models are chosen on
`papers`, so their errors there are a little too low."""


class Role(StrEnum):
    """Use of a row in a fold."""

    TRAIN = "train"
    TEST = "test"


class FeatureSet(StrEnum):
    """Descriptors that a model sees (paper, section II.C)."""

    STOICHIOMETRIC = "stoichiometric"
    """Atomic fraction of each element."""
    GEOMETRIC = "geometric"
    """Cell lengths, density and pore volume."""
    ALL = "all"
    """All of these."""


class PromptCase(StrEnum):
    """Content of a prompt (Table 3)."""

    CASE_1 = "case_1"
    """The formula."""
    CASE_2 = "case_2"
    """Formula and symmetry."""
    CASE_3 = "case_3"
    """Formula and disorder."""
    CASE_4 = "case_4"
    """Formula, symmetry and disorder."""


class NumberMode(StrEnum):
    """Way to get a number out of a language model."""

    DISTRIBUTION = "distribution"
    """The median of the probabilities of every two-decimal number."""
    SAMPLE = "sample"
    """One sampled text, as in the paper."""
    REGRESSION = "regression"
    """A linear output in the place of the vocabulary."""


class Task(StrEnum):
    """Output that a language model is trained to give."""

    TEXT = "text"
    """The answer, token by token."""
    REGRESSION = "regression"
    """One number, from a linear output in the place of the vocabulary."""


class ModelName(StrEnum):
    """Name of a model or baseline."""

    TRAIN_MEDIAN = "train_median"
    NEAREST_NEIGHBOUR = "nearest_neighbour"
    BOOSTED_TREES = "boosted_trees"
    GAUSSIAN_PROCESS = "gaussian_process"
    LLAMA = "llama-3.1-8b"
    MISTRAL = "mistral-7b-v0.3"
    QWEN = "qwen3-8b"
    SMALL_LLAMA = "small-llama-from-scratch"


LANGUAGE_MODELS = (ModelName.LLAMA, ModelName.MISTRAL, ModelName.QWEN, ModelName.SMALL_LLAMA)
"""The paper's three, which are fine-tuned, and a small one that is trained on the prompts alone."""

NO_VARIANT = "none"
"""Variant of a model that has none, such as the train median."""


class Metric(StrEnum):
    """Figures of merit of a model (paper, section II.C)."""

    MAE = "mae"
    RMSE = "rmse"
    R2 = "r2"
    SRCC = "srcc"


class KernelFactor(StrEnum):
    """What the Gaussian process compares two materials by."""

    COMPOSITION = "composition"
    """Element fractions, and their earth mover's distance on the Pettifor scale."""
    CHEMISTRY = "chemistry"
    """Numbers that say what kind of compound a composition is."""
    CELL = "cell"
    """Room for each atom, anion and Li, and the shape of the cell."""
    PROTOTYPE = "prototype"
    """Lengths, angles and content of the conventional cell, which tell one structure type from another."""


class DescriptorKind(StrEnum):
    """Kind of a descriptor that the trees see."""

    LITHIUM = "lithium"
    """Fraction of Li."""
    ANIONS = "anions"
    """Fractions of N, O, F, S, Cl, Se, Br, Te and I."""
    OTHER_CATIONS = "other cations"
    """Fractions of all other elements."""
    LENGTHS = "cell lengths"
    DENSITY = "density"
    PORES = "pore volume"


class CoverageOf(StrEnum):
    """What parts the rows on which intervals are tested."""

    WHOLE = "whole"
    """Nothing: all rows."""
    FAMILY = "family"
    """Structural family."""
    DISTANCE = "distance"
    """Distance to the nearest training row: the near, the middle and the far third of the test rows."""
    DOMAIN = "domain"
    """Whether the material is inside or outside of what the Gaussian process was trained on."""


class Entry(StrEnum):
    """What stands in a line of the leaderboard."""

    BASELINE = "baseline"
    """What any model has to beat."""
    MODEL = "model"
    """A model of this project."""
    SUBMITTED = "submitted"
    """Somebody else's predictions, scored on the same rows."""
    PUBLISHED = "published"
    """A value from a publication, on the rows that it chose."""
    FLOOR = "floor"
    """What the median of other papers on the same composition scores."""


class Decision(StrEnum):
    """Outcome of a challenge to the model that answers."""

    FIRST = "first"
    """There was no champion."""
    PROMOTED = "promoted"
    """The challenger took over."""
    KEPT = "kept"
    """The champion stays: the challenger is worse."""
    UNCHANGED = "unchanged"
    """The champion stays: there is nothing to decide."""


class Purpose(StrEnum):
    """Purpose of a measurement that is proposed."""

    HIGH_CONDUCTIVITY = "high_conductivity"
    """To find a good conductor."""
    TEACHES = "teaches"
    """To make the answers for other candidates surer."""


class Operator(StrEnum):
    """Way to make a candidate of a structure search (paper, section II.B)."""

    SEED = "seed"
    """A fresh random cell with the symmetry of a random space group."""
    PROTOTYPE = "prototype"
    """An ordered cell of a known structure type, its atoms displaced a little."""
    HEREDITY = "heredity"
    """Two parents cut along a plane and joined, the cell a weighted mean of theirs."""
    RATTLE = "rattle"
    """Atom mutation: some atoms of one parent displaced."""
    STRAIN = "strain"
    """Atom mutation: the cell of one parent strained, its atoms with it."""
    PERMUTATION = "permutation"
    """Atoms of different elements of one parent swapped."""
    DYNAMICS = "dynamics"
    """One parent moved for a picosecond under search conditions and quenched."""


class RunConditions(StrEnum):
    """Temperature and pressure of a run of molecular dynamics."""

    SEARCH = "search"
    """50 K and 1000 bar, as in the paper's searches."""
    AMBIENT = "ambient"
    """300 K and 1 atm."""


def in_reading_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Return the distinct names: those that `order` knows as it lists them, then the others by alphabet.

    >>> in_reading_order(["official", "mine", "random"], SCORED_PROTOCOLS)
    ['random', 'official', 'mine']
    """
    found, known = set(names), [str(name) for name in order]
    return [name for name in known if name in found] + sorted(found - set(known))
