"""Structures that ship with the project, each with the record of the search that found it.

For a formula there are `FORMULA.cif`, `FORMULA.json` (the row of `tables.structures` and all settings),
`FORMULA_candidates.csv` and `FORMULA_dynamics.csv`.
"""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from sse_assets.generation import tables
from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import Found
from sse_assets.generation.validation import Validated

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("ase", "ase-ga", "chgnet", "numpy", "pymatgen", "pyxtal", "spglib", "torch")


def shipped_structures(folder: Path = RESULTS) -> pd.DataFrame:
    """One row a formula, in the columns of `tables.structures`; also the structures that are not valid."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        cif = path.with_suffix(".cif")
        row = json.loads(path.read_text())["structure"]
        rows.append(row | {"cif": cif.read_text() if cif.is_file() else None})
    return pd.DataFrame(rows, columns=tables.STRUCTURE_COLUMNS)


def shipped_candidates(folder: Path = RESULTS) -> pd.DataFrame:
    """Every candidate behind the shipped structures, in the columns of `tables.candidates`."""
    return _together(folder, "candidates", tables.CANDIDATE_COLUMNS)


def shipped_dynamics(folder: Path = RESULTS) -> pd.DataFrame:
    """The dynamics of the shipped structures, in the columns of `tables.dynamics`."""
    return _together(folder, "dynamics", ["formula", "conditions", "time_ps"])


def ship(
    found: Found,
    validated: Validated | None,
    search: SearchSettings,
    validation: ValidationSettings,
    folder: Path,
) -> pd.Series:
    """Write one formula's files, and return its row of `tables.structures`.

    Args:
        found: the searches of the formula.
        validated: None where no structure was found.
        search: the settings of the searches.
        validation: those of the validation.
        folder: made if need be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    of_formula = {} if validated is None else {found.formula: validated}
    row = tables.structures([found], of_formula).iloc[0]
    record = {
        "structure": json.loads(row.drop("cif").to_json()),
        "search_settings": asdict(search),
        "validation_settings": asdict(validation),
        "packages": {name: version(name) for name in _PACKAGES},
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (folder / f"{found.formula}.json").write_text(text + "\n")
    tables.candidates([found]).to_csv(folder / f"{found.formula}_candidates.csv", index=False)
    if validated is not None:
        (folder / f"{found.formula}.cif").write_text(validated.settled.cif)
        tables.dynamics(of_formula).to_csv(folder / f"{found.formula}_dynamics.csv", index=False)
    return row


def _together(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    frames = [pd.read_csv(path) for path in sorted(folder.glob(f"*_{name}.csv"))]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
