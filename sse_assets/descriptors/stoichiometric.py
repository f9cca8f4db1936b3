"""Stoichiometric descriptors: how much of each element a composition holds (paper, section II.C)."""

import pandas as pd
from pymatgen.core import Element

from sse_assets.materials.formula import element_fractions, parse_composition
from sse_assets.tables import descriptors


def stoichiometric(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return the atomic fractions of every element that occurs in any of the electrolytes.

    Args:
        electrolytes: columns `electrolyte_id` and `formula`.

    Returns:
        `electrolyte_id` and one column an element symbol, by atomic number; zero where an element is absent,
        each row summing to one.

    Raises:
        FormulaError: for a formula that cannot be read. Curation has read every formula by the same function
            and refused the others, so no row stops the run here.
    """
    fractions = pd.DataFrame(
        [element_fractions(parse_composition(formula)) for formula in electrolytes["formula"]],
        index=electrolytes["electrolyte_id"],
        dtype="float64",
    )
    symbols = sorted(fractions.columns, key=lambda symbol: Element(symbol).Z)
    return descriptors.STOICHIOMETRIC.frame(fractions.reindex(columns=symbols).fillna(0.0).reset_index())
