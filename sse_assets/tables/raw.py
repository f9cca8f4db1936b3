"""Schema `raw`: each source as it was published."""

from sse_assets.tables.columns import (
    CELL,
    DOI,
    FORMULA,
    INBOX_FILE,
    INBOX_LINE,
    LICENCE,
    REASON,
    REASON_CODE,
    SOURCE_ID,
    SPACE_GROUP,
    Z,
)
from sse_assets.tables.declaration import Table, choice, integer, number, text
from sse_assets.tables.names import Role, Source, StructureOrigin

_MEASUREMENTS = Table(
    "raw.obelix_measurements",
    "One reported conductivity of OBELiX.",
    (
        choice("source", Source, "Data set that it was taken from"),
        SOURCE_ID,
        FORMULA.but(optional=True),
        Z.but(meaning="Units of the formula in one cell", above=None),
        text("reported_conductivity", "σ in S/cm, exactly as printed; <1E-10 is a bound", optional=True),
        number(
            "temperature_c",
            "Temperature; empty where the source says only room temperature",
            "°C",
            optional=True,
        ),
        text("reported_family", "Structural family, as the source has it", optional=True),
        SPACE_GROUP,
        *(column.but(above=None, at_most=None) for column in CELL),
        DOI.but(optional=True),
        LICENCE.but(optional=True),
    ),
)
OBELIX_MEASUREMENTS = _MEASUREMENTS
LIION_MEASUREMENTS = _MEASUREMENTS.like(
    "raw.liion_measurements", "One reported conductivity of the Liverpool Ionics Dataset."
)
SAMPLE_MEASUREMENTS = _MEASUREMENTS.like(
    "raw.sample_measurements", "One reported conductivity of the embedded sample."
)
INBOX_MEASUREMENTS = _MEASUREMENTS.like(
    "raw.inbox_measurements", "One measurement of one's own.", INBOX_FILE, INBOX_LINE
)

_STRUCTURES = Table(
    "raw.obelix_structures",
    "One crystal of OBELiX.",
    (
        choice("origin", StructureOrigin, "Where the crystal comes from"),
        text("structure_id", "Its id there, unique over all sources"),
        SOURCE_ID.but(
            meaning="Id of the measurement that it was made for; empty for a reference structure",
            optional=True,
        ),
        FORMULA.but(meaning="Composition, as the file or the database states it", optional=True),
        text("cif", "The crystal, as CIF"),
        text("sha256", "Hash of the file's bytes"),
        LICENCE,
        text("provenance", "Where it came from, and what to know before using it"),
    ),
)
OBELIX_STRUCTURES = _STRUCTURES
SAMPLE_STRUCTURES = _STRUCTURES.like("raw.sample_structures", "One crystal of the embedded sample.")
INBOX_STRUCTURES = _STRUCTURES.like("raw.inbox_structures", "One crystal that a row of the inbox names.")
REFERENCE_STRUCTURES = _STRUCTURES.like(
    "raw.reference_structures",
    "One computed crystal of a database, found by its composition.",
    integer("rank", "1 is the oldest entry of its composition in its database", at_least=1),
    SPACE_GROUP,
    number("volume_per_atom", "Volume of the cell for each atom", "Å³", optional=True, above=0),
)

OBELIX_OFFICIAL_SPLIT = Table(
    "raw.obelix_official_split",
    "One row of OBELiX's own split.",
    (SOURCE_ID, choice("role", Role, "What the row does in OBELiX's split")),
    key=("source_id",),
)

INBOX_REFUSED = Table(
    "raw.inbox_refused",
    "One row or file of the inbox that cannot be read.",
    (
        choice("source", Source, "Always inbox"),
        SOURCE_ID.but(meaning="File and row, or file"),
        FORMULA.but(optional=True),
        REASON_CODE,
        REASON,
        INBOX_FILE,
        INBOX_LINE,
    ),
)
