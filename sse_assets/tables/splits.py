"""Schema `splits`: rows that train and rows that test."""

from sse_assets.tables.columns import ELECTROLYTE_ID, FOLD, PROTOCOL, ROLE
from sse_assets.tables.declaration import Table, integer

ASSIGNMENTS = Table(
    "splits.assignments",
    "What one electrolyte does in one fold of a protocol.",
    (PROTOCOL, FOLD, ELECTROLYTE_ID, ROLE),
    key=("protocol", "fold", "electrolyte_id"),
)
FORMULA_ONLY = ASSIGNMENTS.like(
    "splits.formula_only", "One row of which the formula alone is known, and a fold in which it may train."
)
LEAKAGE = Table(
    "splits.leakage",
    "What test rows and training rows of one fold have in common.",
    (
        PROTOCOL,
        FOLD,
        integer("n_train", "Rows that train"),
        integer("n_test", "Rows that test"),
        integer("n_test_sharing_doi", "Test rows whose paper has a row that trains"),
        integer("n_test_sharing_composition", "Test rows whose composition has a row that trains"),
    ),
    key=("protocol", "fold"),
)
