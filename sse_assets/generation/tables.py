"""Tables of finished searches, from which figures and the report are made."""

from math import ceil
from typing import Any

import pandas as pd
from pymatgen.core import Composition

from sse_assets.generation.comparison import compare
from sse_assets.generation.compositions import cell_formula
from sse_assets.generation.records import COMPARISON_COLUMNS
from sse_assets.generation.structures import Found
from sse_assets.generation.validation import Validated
from sse_assets.generation.winners import Settled
from sse_assets.materials.formula import largest_difference
from sse_assets.tables import generated

_MOMENTS_OF_A_RUN = 100
"""Moments of a run that are kept in the table."""
_DECIMALS = 6
"""Decimals of their numbers."""


def candidates(found: Found) -> pd.DataFrame:
    """Return every candidate of every search as `tables.generated.SEARCH_HISTORY` (Figure 5).

    `delta_ev_per_atom` is E_child − E_parent for the better parent. `parents` are candidate ids with a blank
    between them.
    """
    rows = [
        {
            **vars(candidate),
            "formula": found.formula,
            "search": search.plan.name,
            "z": search.plan.z,
            "replicate": search.plan.replicate,
            "operator": candidate.operator.value,
            "parents": " ".join(candidate.parents),
            "duplicate_of": search.history.duplicates.get(candidate.candidate_id),
        }
        for search in found.searches
        for candidate in search.candidates
    ]
    return generated.SEARCH_HISTORY.frame(rows)


def structure(found: Found, validated: Validated | None) -> dict[str, Any]:
    """Return the columns `tables.generated.FOUND` for one composition (Figures 2(b) and 2(c)).

    Without a validated structure there is no CIF and the row is not valid. `generations` counts those of the
    search that found the structure. `failure` says why there is none, or which criteria it breaks.
    """
    all_candidates = [candidate for search in found.searches for candidate in search.candidates]
    row = dict.fromkeys(column.name for column in generated.FOUND) | {
        "formula": found.formula,
        "searches": len(found.searches),
        "converged": found.converged,
        "candidates": len(all_candidates),
        "failed_candidates": sum(candidate.failure is not None for candidate in all_candidates),
        "seconds": sum(candidate.seconds for candidate in all_candidates),
        "valid": False,
        "failure": found.failure,
    }
    winner = found.winner
    if winner is None:
        return row
    content, start = winner.plan.composition, found.start
    _, difference = largest_difference(content, Composition(found.formula))
    row |= {
        "z": winner.plan.z,
        "cell_atoms": round(content.num_atoms),
        "cell_composition": cell_formula(content),
        "composition_difference": round(abs(difference), 6),
        "parent_id": start.parent_id if start else None,
        "cost_per_anion": round(start.cost_per_anion, 6) if start else None,
        "generations": len(winner.history.best),
    }
    if validated is None:
        return row | {"failure": "not validated"}
    settled = validated.settled
    times = validated.dynamics.groupby("conditions")["time_ps"].max()
    return row | {
        "enthalpy_ev_per_atom": settled.evaluation.enthalpy_ev_per_atom,
        "energy_ev_per_atom": settled.evaluation.energy_ev_per_atom,
        "volume_a3_per_atom": settled.evaluation.volume_a3_per_atom,
        "space_group": settled.space_group,
        "search_ps": times["search"],
        "ambient_ps": times["ambient"],
        "gained_in_dynamics_ev_per_atom": validated.relaxed_further_ev_per_atom,
        "valid": validated.valid,
        "failure": "; ".join(validated.failures) or None,
        "cif": settled.cif,
    }


def dynamics(formula: str, validated: Validated | None) -> pd.DataFrame:
    """Return energy, temperature, pressure and volume along both runs of a structure (Figure 6).

    Of a long run every so many rows are kept, the last among them; the trajectory's own table has all.
    """
    if validated is None:
        return generated.DYNAMICS.frame()
    runs = [run for _, run in validated.dynamics.groupby("conditions", sort=False)]
    kept = [run.iloc[:: -ceil(len(run) / _MOMENTS_OF_A_RUN)][::-1] for run in runs]
    return generated.DYNAMICS.frame(pd.concat(kept).round(_DECIMALS).assign(formula=formula))


def comparison(formula: str, known: str, found: Settled, reference: Settled) -> pd.DataFrame:
    """Return a found structure beside a known one (Table 6), as one row of `COMPARISON_COLUMNS`.

    Args:
        formula: integer formula of one formula unit (Z = 1).
        known: name of the known structure.
        found: found structure.
        reference: known structure, relaxed like the found one.
    """
    compared = compare(found.structure, reference.structure)
    difference = found.evaluation.enthalpy_ev_per_atom - reference.evaluation.enthalpy_ev_per_atom
    row = {
        "formula": formula,
        "known": known,
        "space_group": found.space_group,
        "known_space_group": reference.space_group,
        "found_minus_known_mev": 1000 * difference,
        "matches": compared.matches,
        "rmsd_normalised": compared.rmsd_normalised,
        "rmsd_a": compared.rmsd_a,
        **dict(zip("abc", compared.lengths_a, strict=True)),
        **{f"known_{x}": v for x, v in zip("abc", compared.reference_lengths_a, strict=True)},
    }
    return pd.DataFrame([row], columns=COMPARISON_COLUMNS)
