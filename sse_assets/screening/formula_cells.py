"""The cell of a bare formula, as its prototype has it: in training and in an answer the same."""

import math
from typing import TYPE_CHECKING

import pandas as pd

from sse_assets.descriptors.cell import CELL_COLUMNS, crystal_features

if TYPE_CHECKING:  # the costs of substitutions take a second to import, and a measured composition needs none
    from sse_assets.prototypes.stored_library import Library


def prototype_cells(formulas: pd.Series, library: "Library") -> tuple[pd.DataFrame, pd.Series]:
    """Describe the cells of compositions in the prototypes that suit them.

    Args:
        formulas: by id.
        library: prototypes.

    Returns:
        `CELL_COLUMNS` of those with a trusted prototype, and for each formula the parent and the cost, or why
        no prototype is to be trusted; both by id.
    """
    by_formula = {formula: _cell(formula, library) for formula in formulas.unique()}
    found = {row: cell for row, formula in formulas.items() if (cell := by_formula[formula][0]) is not None}
    cells = pd.DataFrame.from_dict(found, orient="index", columns=CELL_COLUMNS, dtype="float64")
    return cells, formulas.map({formula: sentence for formula, (_, sentence) in by_formula.items()})


def _cell(formula: str, library: "Library") -> tuple[list[float] | None, str]:
    made, sentence = library.of_formula(formula)
    if made is None:
        return None, sentence
    lattice = made.standard_lattice
    standard = None if lattice is None else (lattice, made.mapping.prototype.space_group_number)
    numbers, failure = crystal_features(made.structure, standard)
    values = [numbers[name] for name in CELL_COLUMNS]
    return (None, failure or sentence) if any(map(math.isnan, values)) else (values, sentence)
