"""What is kept of a finished search: a record a composition, which ships with the project or lies with a run.

A record is four files: `FORMULA.json` (how it was found and how it held, with settings and versions),
`FORMULA.cif`, `FORMULA_candidates.csv` and `FORMULA_dynamics.csv`. Without a structure there is neither CIF
nor dynamics.
"""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO
from typing import Any

import pandas as pd

from sse_assets.generation.settings import SearchSettings, ValidationSettings

SHIPPED = files("sse_assets.generation") / "results"
"""The project's own results; its README says how they were made."""
PACKAGES = ("ase", "ase-ga", "chgnet", "numpy", "pymatgen", "pyxtal", "spglib", "torch")
"""Whose versions decide which structure is found."""


@dataclass(frozen=True)
class Record:
    """One composition: what was searched, what was found and how it held.

    The tables are those of `generation.tables`, of one formula.
    """

    structure: dict[str, Any]
    """`STRUCTURE_COLUMNS` by name, with search_settings, validation_settings and packages (versions)."""
    candidates: pd.DataFrame
    dynamics: pd.DataFrame
    """Empty if there is no structure."""

    def to_files(self) -> dict[str, str]:
        """Name and content of each file; the JSON comes last, so that who finds it finds all of them."""
        formula, cif = self.structure["formula"], self.structure["cif"]
        texts = {f"{formula}_candidates.csv": self.candidates.to_csv(index=False)}
        if isinstance(cif, str):
            texts[f"{formula}.cif"] = cif
            texts[f"{formula}_dynamics.csv"] = self.dynamics.to_csv(index=False)
        facts = {name: value for name, value in self.structure.items() if name != "cif"}
        return texts | {f"{formula}.json": json.dumps(facts, indent=1, ensure_ascii=False) + "\n"}


def read_record(folder: Traversable, formula: str) -> Record | None:
    """The record of a composition in a folder; None if there is none."""
    facts = folder / f"{formula}.json"
    if not facts.is_file():
        return None
    structure = json.loads(facts.read_text(encoding="utf-8"))
    cif = folder / f"{formula}.cif"
    structure["cif"] = cif.read_text(encoding="utf-8") if cif.is_file() else None
    dynamics = folder / f"{formula}_dynamics.csv"
    return Record(
        structure,
        _table(folder / f"{formula}_candidates.csv"),
        _table(dynamics) if dynamics.is_file() else pd.DataFrame(columns=["conditions", "time_ps"]),
    )


def shipped_formulas() -> list[str]:
    """The compositions of which the project ships a record."""
    return sorted(file.name.removesuffix(".json") for file in SHIPPED.iterdir() if file.name.endswith(".json"))


def with_settings(
    structure: dict[str, Any], search: SearchSettings, validation: ValidationSettings
) -> dict[str, Any]:
    """A row of `generation.tables.structures` as a record holds it, with what made it."""
    return {name: None if pd.isna(value) else value for name, value in structure.items()} | {
        "search_settings": asdict(search),
        "validation_settings": asdict(validation),
        "packages": {name: version(name) for name in PACKAGES},
    }


def settings_id(search: SearchSettings, validation: ValidationSettings) -> str:
    """A short text that is equal for equal settings, to tell the records of one composition apart."""
    values = json.dumps([asdict(search), asdict(validation)], sort_keys=True)
    return sha256(values.encode()).hexdigest()[:12]


def _table(file: Traversable) -> pd.DataFrame:
    return pd.read_csv(StringIO(file.read_text(encoding="utf-8")), float_precision="round_trip")
