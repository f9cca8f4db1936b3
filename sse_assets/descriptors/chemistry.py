"""Thirteen numbers that say what kind of compound a composition is, whichever elements make it up."""

import math
from collections.abc import Iterable

import pandas as pd
from pymatgen.core import Composition, Element

from sse_assets.materials.anions import HALOGENS, anion_symbols
from sse_assets.materials.formula import parse_composition

CHEMISTRY_COLUMNS = [
    "li_fraction",
    "anion_fraction",
    "other_cation_fraction",
    "li_per_anion",
    "cation_per_anion",
    "oxide_share",
    "sulfide_share",
    "halide_share",
    "cation_mixing_entropy",
    "anion_mixing_entropy",
    "n_elements",
    "log_atoms_of_whole_formula",
    "cation_charge_per_anion",
]

_MOST_ATOMS = 200
_WHOLE = 0.05
"""Distance from a whole number, in atoms, that counts as rounding."""


def chemistry(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Compute `CHEMISTRY_COLUMNS` of every electrolyte; none depends on how many formula units are written.

    Args:
        electrolytes: columns `electrolyte_id` and `formula`.

    Returns:
        `electrolyte_id` and `CHEMISTRY_COLUMNS`, one row an electrolyte in their order.

    Raises:
        FormulaError: for a formula that cannot be read; curation refuses such rows.
    """
    numbers = [chemistry_features(parse_composition(formula)) for formula in electrolytes["formula"]]
    index = pd.Index(electrolytes["electrolyte_id"], name="electrolyte_id")
    return pd.DataFrame(numbers, index=index, columns=CHEMISTRY_COLUMNS, dtype="float64").reset_index()


def chemistry_features(composition: Composition) -> dict[str, float]:
    """Compute `CHEMISTRY_COLUMNS` of one composition.

    - `li_fraction`, `anion_fraction`, `other_cation_fraction`: of all atoms; they sum to one.
    - `li_per_anion`, `cation_per_anion`: atoms of Li, and of the other cations, for each anion.
    - `oxide_share`, `sulfide_share`, `halide_share`: of the anions.
    - `cation_mixing_entropy`, `anion_mixing_entropy`: −Σ x ln x over the cations other than Li, and over the
      anions; zero for one kind.
    - `n_elements`: how many elements there are.
    - `log_atoms_of_whole_formula`: log10 of the atoms in the smallest formula of whole numbers
      (`atoms_of_whole_formula`); a substituted compound has many.
    - `cation_charge_per_anion`: charge of the cations other than Li in their highest common oxidation state,
      for each anion; where Li balances the rest it is the anions' mean charge less `li_per_anion`.
    """
    amounts = {element.symbol: composition[element] for element in composition.elements}
    total = sum(amounts.values())
    anions = {symbol: amounts[symbol] for symbol in anion_symbols(composition)}
    cations = {symbol: n for symbol, n in amounts.items() if symbol != "Li" and symbol not in anions}
    n_anions, n_cations = sum(anions.values()), sum(cations.values())
    charge = sum(n * max(Element(symbol).common_oxidation_states) for symbol, n in cations.items())
    return {
        "li_fraction": amounts.get("Li", 0.0) / total,
        "anion_fraction": n_anions / total,
        "other_cation_fraction": n_cations / total,
        "li_per_anion": amounts.get("Li", 0.0) / n_anions,
        "cation_per_anion": n_cations / n_anions,
        "oxide_share": anions.get("O", 0.0) / n_anions,
        "sulfide_share": anions.get("S", 0.0) / n_anions,
        "halide_share": sum(n for symbol, n in anions.items() if symbol in HALOGENS) / n_anions,
        "cation_mixing_entropy": _mixing_entropy(cations.values()),
        "anion_mixing_entropy": _mixing_entropy(anions.values()),
        "n_elements": float(len(amounts)),
        "log_atoms_of_whole_formula": math.log10(atoms_of_whole_formula(composition)),
        "cation_charge_per_anion": charge / n_anions,
    }


def atoms_of_whole_formula(composition: Composition) -> int:
    """Count the atoms in the smallest formula whose amounts are whole numbers, up to 200.

    Amounts within 0.05 of a whole number count as whole, for printed amounts are rounded. 200 where no
    formula of up to 200 atoms will do.
    """
    fractions = [amount / composition.num_atoms for amount in composition.values()]
    for n_atoms in range(len(fractions), _MOST_ATOMS):
        scaled = [n_atoms * fraction for fraction in fractions]
        if all(round(x) >= 1 and abs(x - round(x)) <= _WHOLE for x in scaled):
            return n_atoms
    return _MOST_ATOMS


def _mixing_entropy(amounts: Iterable[float]) -> float:
    amounts = list(amounts)
    total = sum(amounts)
    return -sum(n / total * math.log(n / total) for n in amounts) if amounts else 0.0
