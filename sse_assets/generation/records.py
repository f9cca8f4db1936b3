"""Records of finished searches, one for each composition, which ship with the project or lie with a run.

A record is four files: `FORMULA.json` (how the structure was found and how it held, with settings and
versions), `FORMULA.cif`, `FORMULA_candidates.csv` and `FORMULA_dynamics.csv`. Without a structure there is
neither CIF nor dynamics. Records are made by `composition_search`, which needs torch; this module does not.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import StringIO
from typing import Any

import pandas as pd

from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.materials.plain_text import harmless_table
from sse_assets.tables import generated
from sse_assets.tables.declaration import Kind
from sse_assets.tables.names import StructureOrigin

SHIPPED = files("sse_assets.generation") / "results"
"""Results of the project itself; the README there says how they were made."""
COMPARISON_COLUMNS = [
    "formula",
    "known",
    "space_group",
    "known_space_group",
    "found_minus_known_mev",
    "matches",
    "rmsd_normalised",
    "rmsd_a",
    *("a", "b", "c"),
    *("known_a", "known_b", "known_c"),
]
_TEXTS = [
    column.name
    for table in (generated.SEARCH_HISTORY, generated.DYNAMICS)
    for column in table.columns
    if column.kind is Kind.TEXT
]
"""Columns of text; an empty one would be read as numbers."""


@dataclass(frozen=True)
class Record:
    """Searches of one composition, the structure that they found, and how it held."""

    structure: dict[str, Any]
    """Values of `tables.structure`; a missing one is None."""
    made_with: dict[str, Any]
    """Values of search_settings, validation_settings and packages (versions by name)."""
    candidates: pd.DataFrame
    """Rows of `tables.candidates`."""
    dynamics: pd.DataFrame
    """Rows of `tables.dynamics`; there are none without a structure."""

    def to_files(self) -> dict[str, str]:
        """Return name and content of each file; the JSON is last, so that where it is the others are too."""
        formula, cif = self.structure["formula"], self.structure["cif"]
        texts = {f"{formula}_candidates.csv": harmless_table(self.candidates).to_csv(index=False)}
        if cif is not None:
            texts[f"{formula}.cif"] = cif
            texts[f"{formula}_dynamics.csv"] = harmless_table(self.dynamics).to_csv(index=False)
        facts = {
            "structure": {name: value for name, value in self.structure.items() if name != "cif"},
            **self.made_with,
        }
        return texts | {f"{formula}.json": json.dumps(facts, indent=1, ensure_ascii=False) + "\n"}


def read_record(folder: Traversable, formula: str) -> Record | None:
    """Read the record of a composition in a folder; return None if there is none."""
    facts = folder / f"{formula}.json"
    if not facts.is_file():
        return None
    made_with = json.loads(facts.read_text(encoding="utf-8"))
    structure = made_with.pop("structure")
    cif, dynamics = folder / f"{formula}.cif", folder / f"{formula}_dynamics.csv"
    return Record(
        structure | {"cif": cif.read_text(encoding="utf-8") if cif.is_file() else None},
        made_with,
        _table(folder / f"{formula}_candidates.csv"),
        _table(dynamics) if dynamics.is_file() else generated.DYNAMICS.frame(),
    )


def shipped_formulas() -> list[str]:
    """Return the compositions of which the project ships a record."""
    return sorted(
        file.name.removesuffix(".json") for file in SHIPPED.iterdir() if file.name.endswith(".json")
    )


def found_structures(folders: Iterable[Traversable], without: str | None = None) -> pd.DataFrame:
    """Read the structures of records that held in their dynamics; of two for one composition, the first.

    Args:
        folders: folders with records.
        without: integer formula of a composition that is left out.

    Returns:
        Columns structure_id, formula, cif, and doi and family, which are empty.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for file in folder.iterdir():
            formula = file.name.removesuffix(".json")
            cif = folder / f"{formula}.cif"
            if formula in (file.name, without, *found) or not cif.is_file():
                continue
            structure = json.loads(file.read_text(encoding="utf-8"))["structure"]
            if structure["valid"]:
                found[formula] = cif.read_text(encoding="utf-8")
    return pd.DataFrame(
        [(f"{StructureOrigin.GENERATED}:{formula}", formula, cif) for formula, cif in found.items()],
        columns=["structure_id", "formula", "cif"],
    ).assign(doi=None, family=None)


def shipped_comparisons() -> pd.DataFrame:
    """Read the found structures beside published ones of the same compositions.

    Columns `COMPARISON_COLUMNS`: space groups, energies of found minus known (both relaxed with CHGNet) in
    meV/atom, whether StructureMatcher takes them for one, RMSD over (V/N)^(1/3) and in Å, and the lengths of
    both supercells in Å, shortest first.
    """
    return _table(SHIPPED / "known.csv")


def settings_id(search: SearchSettings, validation: ValidationSettings) -> str:
    """Return a short text that is equal for equal settings, to tell records of one composition apart."""
    values = json.dumps([asdict(search), asdict(validation)], sort_keys=True)
    return sha256(values.encode()).hexdigest()[:12]


def _table(file: Traversable) -> pd.DataFrame:
    return pd.read_csv(StringIO(file.read_text(encoding="utf-8")), dtype=dict.fromkeys(_TEXTS, "str"))
