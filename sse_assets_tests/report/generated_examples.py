"""What structure generation leaves, in miniature."""

import pandas as pd
from pymatgen.core import Lattice, Structure

from sse_assets.generation.records import COMPARISON_COLUMNS
from sse_assets.report.inputs import Generated
from sse_assets.tables import generated, metrics

NOTHING_GENERATED = Generated(
    generated.STRUCTURES.frame(),
    generated.SEARCH_HISTORY.frame(),
    generated.DYNAMICS.frame(),
    generated.VALIDATION.frame(),
    generated.PROTOTYPES.frame(),
    generated.PROTOTYPES_LEFT_OUT.frame(),
    metrics.GENERATED_CONTRIBUTION.frame(),
    metrics.PROTOTYPE_CONTRIBUTION.frame(),
    pd.DataFrame(columns=COMPARISON_COLUMNS),
)

ROCK_SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.13), ["Li", "Cl"], [[0, 0, 0], [0.5] * 3])


def structures() -> pd.DataFrame:
    """LiCl holds and converged; Li2S was found, but fell apart."""
    found = {
        "formula": "LiCl",
        "z": 4,
        "cell_atoms": 8,
        "searches": 2,
        "converged": True,
        "generations": 5,
        "candidates": 96,
        "seconds": 600.0,
        "enthalpy_ev_per_atom": -3.6,
        "energy_ev_per_atom": -3.61,
        "volume_a3_per_atom": 16.0,
        "space_group": "Fm-3m",
        "search_ps": 2.0,
        "ambient_ps": 2.0,
        "valid": True,
        "failure": None,
        "cif": ROCK_SALT.to(fmt="cif"),
        "record": "this run",
    }
    lost = {
        "formula": "Li2S",
        "cell_atoms": 3,
        "converged": False,
        "generations": 20,
        "valid": False,
        "failure": "at 300 K an atom is lost",
    }
    return generated.STRUCTURES.frame([found, found | lost])


def history() -> pd.DataFrame:
    """LiCl: two generations of two candidates; the fifth failed. All but the first two have a parent."""
    rows = [
        ("z1-r0", 0, "seed", -3.0, None, None),
        ("z1-r0", 0, "seed", -3.2, None, None),
        ("z1-r0", 1, "heredity", -3.5, -0.3, None),
        ("z1-r0", 1, "rattle", -3.1999, 0.0001, None),
        ("z1-r0", 2, "strain", None, None, "the cell exploded: 90 Å³ an atom, 45 at most"),
        ("z1-r0", 2, "heredity", -3.3, 0.2, None),
    ]
    columns = ["search", "generation", "operator", "enthalpy_ev_per_atom", "delta_ev_per_atom", "failure"]
    return generated.SEARCH_HISTORY.frame(pd.DataFrame(rows, columns=columns).assign(formula="LiCl"))


def dynamics() -> pd.DataFrame:
    """A run of four rows, the second half of which is 1 % larger and 0.02 eV/atom above the relaxed cell."""
    rows = [
        ("LiCl", "ambient", 0.0, -3.61, 600.0, 3.0, 16.0, 2.5),
        ("LiCl", "ambient", 0.4, -3.50, 500.0, 2.0, 16.0, 2.2),
        ("LiCl", "ambient", 1.0, -3.60, 310.0, 0.2, 16.1, 2.4),
        ("LiCl", "ambient", 2.0, -3.58, 290.0, -0.2, 16.22, 2.3),
    ]
    return pd.DataFrame(rows, columns=generated.DYNAMICS.names)
