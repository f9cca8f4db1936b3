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

CANDIDATE_COLUMNS = [
    "formula",
    "search",
    "z",
    "replicate",
    "candidate_id",
    "generation",
    "operator",
    "parents",
    "enthalpy_ev_per_atom",
    "delta_ev_per_atom",
    "energy_ev_per_atom",
    "volume_a3_per_atom",
    "max_force_ev_a",
    "shortest_distance_a",
    "mean_temperature_k",
    "mean_pressure_gpa",
    "steps",
    "space_group",
    "duplicate_of",
    "failure",
    "seconds",
]
STRUCTURE_COLUMNS = [
    "formula",
    "z",
    "cell_atoms",
    "searches",
    "converged",
    "generations",
    "candidates",
    "failed_candidates",
    "seconds",
    "enthalpy_ev_per_atom",
    "energy_ev_per_atom",
    "volume_a3_per_atom",
    "space_group",
    "search_ps",
    "ambient_ps",
    "gained_in_dynamics_ev_per_atom",
    "valid",
    "failure",
    "cif",
]


def candidates(found: Sequence[Found]) -> pd.DataFrame:
    """Every candidate of every search, `CANDIDATE_COLUMNS`: Figure 5(a) and, by operator, 5(b).

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
    return pd.DataFrame(rows, columns=CANDIDATE_COLUMNS)


def structures(found: Sequence[Found], validated: Mapping[str, Validated]) -> pd.DataFrame:
    """One row a composition, `STRUCTURE_COLUMNS`: Figures 2(b) (cell_atoms) and 2(c) (generations).

    Args:
        found: the searches' outcomes.
        validated: by formula; compositions without an entry have no CIF and are not valid.

    `generations` is that of the search which found the structure; `failure` says why there is none, or which
    criteria it breaks.
    """
    rows = [_structure_row(one, validated.get(one.formula)) for one in found]
    return pd.DataFrame(rows, columns=STRUCTURE_COLUMNS)


def dynamics(validated: Mapping[str, Validated]) -> pd.DataFrame:
    """Energy, temperature, pressure and volume along both runs of each structure (Figure 6).

    Columns: formula, conditions (`search` or `ambient`) and those of `atomistics.dynamics.run_dynamics`.
    """
    frames = [one.dynamics.assign(formula=formula) for formula, one in validated.items()]
    if not frames:
        return pd.DataFrame(columns=["formula", "conditions", "time_ps"])
    table = pd.concat(frames, ignore_index=True)
    first = ["formula", "conditions", "time_ps"]
    return table[[*first, *(column for column in table.columns if column not in first)]]


def comparisons(settled: Mapping[tuple[str, str], tuple[Settled, Settled]]) -> pd.DataFrame:
    """Table 6: found structures beside known ones, `records.COMPARISON_COLUMNS`.

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
