"""What a search leaves as tidy tables; figures and the report are made from them.

Energies are in eV per atom, lengths in Å, volumes in Å³ per atom, times in ps and, of computing, in s.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from pymatgen.core import Composition

from sse_assets.generation.comparison import compare
from sse_assets.generation.records import COMPARISON_COLUMNS
from sse_assets.generation.search import SearchOutcome
from sse_assets.generation.structures import Found
from sse_assets.generation.validation import Validated
from sse_assets.generation.winners import Settled
from sse_assets.tables import generated


def candidates(found: Sequence[Found]) -> pd.DataFrame:
    """Return every candidate of every search as `tables.generated.SEARCH_HISTORY` (Figure 5).

    `delta_ev_per_atom` is E_child − E_parent, against the better parent; `parents` are candidate ids parted
    by a blank.
    """
    rows = [
        {
            **vars(candidate),
            "formula": search.plan.formula,
            "search": search.plan.name,
            "z": search.plan.z,
            "replicate": search.plan.replicate,
            "operator": candidate.operator.value,
            "parents": " ".join(candidate.parents),
            "duplicate_of": search.history.duplicates.get(candidate.candidate_id),
        }
        for one in found
        for search in one.searches
        for candidate in search.candidates
    ]
    return generated.SEARCH_HISTORY.frame(rows)


def structures(found: Sequence[Found], validated: Mapping[str, Validated]) -> pd.DataFrame:
    """Return one row for each composition, `tables.generated.FOUND` (Figures 2(b) and 2(c)).

    Args:
        found: the searches' outcomes.
        validated: by formula; compositions without an entry have no CIF and are not valid.

    `generations` is that of the search which found the structure; `failure` says why there is none, or which
    criteria it breaks.
    """
    rows = [_structure_row(one, validated.get(one.formula)) for one in found]
    return pd.DataFrame(rows, columns=[column.name for column in generated.FOUND])


def dynamics(validated: Mapping[str, Validated]) -> pd.DataFrame:
    """Return energy, temperature, pressure and volume along both runs of each structure (Figure 6)."""
    frames = [one.dynamics.assign(formula=formula) for formula, one in validated.items()]
    return generated.DYNAMICS.frame(pd.concat(frames) if frames else ())


def comparisons(settled: Mapping[tuple[str, str], tuple[Settled, Settled]]) -> pd.DataFrame:
    """Return found structures beside known ones (Table 6), columns `COMPARISON_COLUMNS`.

    Args:
        settled: the found and the known structure, relaxed alike, by formula and the name of the known one.
    """
    rows = []
    for (formula, known), (found, reference) in settled.items():
        compared = compare(found.structure, reference.structure)
        difference = found.evaluation.enthalpy_ev_per_atom - reference.evaluation.enthalpy_ev_per_atom
        rows.append(
            {
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
        )
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def _structure_row(found: Found, validated: Validated | None) -> dict[str, object]:
    all_candidates = [candidate for search in found.searches for candidate in search.candidates]
    row: dict[str, object] = {
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
    row |= {
        "z": winner.plan.z,
        "cell_atoms": _atoms(winner),
        "generations": len(winner.history.best),
    }
    if validated is None:
        return row | {"failure": "not validated"}
    times = validated.dynamics.groupby("conditions")["time_ps"].max()
    return row | {
        "enthalpy_ev_per_atom": validated.settled.evaluation.enthalpy_ev_per_atom,
        "energy_ev_per_atom": validated.settled.evaluation.energy_ev_per_atom,
        "volume_a3_per_atom": validated.settled.evaluation.volume_a3_per_atom,
        "space_group": validated.settled.space_group,
        "search_ps": times["search"],
        "ambient_ps": times["ambient"],
        "gained_in_dynamics_ev_per_atom": validated.relaxed_further_ev_per_atom,
        "valid": validated.valid,
        "failure": "; ".join(validated.failures) or None,
        "cif": validated.settled.cif,
    }


def _atoms(search: SearchOutcome) -> int:
    return round(Composition(search.plan.formula).num_atoms) * search.plan.z
