"""Labels joined with crystals: the table that descriptors, splits and models start from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd
from pymatgen.core import Composition, Structure

from sse_assets.curation.families import chemical_group, family
from sse_assets.curation.measurements import refusal
from sse_assets.materials.crystal import CifError, read_cif
from sse_assets.materials.disorder import disorder_class
from sse_assets.materials.formula import (
    COMPOSITION_TOLERANCE,
    composition_key,
    largest_difference,
    parse_composition,
)
from sse_assets.materials.symmetry import SpaceGroupError, detected_space_group, read_space_group
from sse_assets.tables import curated
from sse_assets.tables.names import Reason, StructureOrigin

STRUCTURE_FOLDER = "structures"
"""Where every `structure_path` begins."""

_CELL = ["a", "b", "c", "alpha", "beta", "gamma"]
_GLASS = "Glass"
_WHOLE = 0.02
"""Distance to the next whole number within which a count of formula units is one."""
_ORIGIN_PRECEDENCE = [
    StructureOrigin.OBELIX,
    StructureOrigin.SAMPLE,
    StructureOrigin.INBOX,
    StructureOrigin.MATERIALS_PROJECT,
    StructureOrigin.OQMD,
    StructureOrigin.GENERATED,
]
"""A measured structure before a computed one, a computed one before a generated one."""


@dataclass(frozen=True)
class CuratedElectrolytes:
    """The outcome of the join."""

    electrolytes: pd.DataFrame
    """As `tables.curated.ELECTROLYTES`."""
    structures: pd.DataFrame
    """The crystal of each electrolyte that has one, as `tables.curated.STRUCTURES`."""
    rejected: pd.DataFrame
    """Measurements and structures left out here, as `tables.curated.REJECTED`."""


def curate_electrolytes(
    measurements: pd.DataFrame, structures: pd.DataFrame, official_roles: Mapping[str, str]
) -> CuratedElectrolytes:
    """Give every labelled measurement its crystal.

    A measurement takes the structure its own source has for it. One whose table gives no unit cell takes a
    reference or generated structure of the same composition, measured before computed before generated, the
    first by id where several compete; a glass takes none, for a crystal of the same formula is another
    material. Without structure and without unit cell only a formula is known, and the row is refused.

    Args:
        measurements: labelled rows of `curate_measurements`.
        structures: candidates of every origin, in the columns that all tables of structures share.
        official_roles: train or test by electrolyte_id, for the rows of a source that publishes a split.
    """
    readable, unreadable = _read_structures(structures)
    own = {f"{s.origin}:{s.source_id}": s for s in readable if s.source_id}
    by_composition = _first_by_composition([s for s in readable if not s.source_id])

    electrolytes, chosen, rejected = [], [], list(unreadable)
    for row in measurements.to_dict("records"):
        candidate = own.get(row["electrolyte_id"])
        has_cell = not any(math.isnan(row[column]) for column in _CELL)
        composition = parse_composition(row["formula"])
        named_family = family(row["reported_family"], composition, row["space_group"])
        if candidate is None and not has_cell and named_family != _GLASS:
            candidate = by_composition.get(row["composition_key"])
        if candidate is None and not has_cell:
            rejected.append(refusal(row, *_why_formula_alone(named_family)))
            continue
        electrolytes.append(
            _electrolyte(row, candidate, composition, named_family, official_roles.get(row["electrolyte_id"]))
        )
        if candidate is not None:
            chosen.append(candidate.row(row["electrolyte_id"]))
    return CuratedElectrolytes(
        curated.ELECTROLYTES.frame(electrolytes),
        curated.STRUCTURES.frame(chosen),
        curated.REJECTED.frame(rejected),
    )


@dataclass(frozen=True)
class _Candidate:
    origin: str
    structure_id: str
    source_id: str | None
    formula: str
    cif: str
    crystal: Structure

    @property
    def path(self) -> str:
        """Where the CIF lies under the blob root; an id cannot lead out of its folder."""
        name = quote(self.structure_id.removeprefix(f"{self.origin}:"), safe="")
        return f"{STRUCTURE_FOLDER}/{self.origin}/{name}.cif"

    def row(self, electrolyte_id: str) -> dict[str, str]:
        return {
            "electrolyte_id": electrolyte_id,
            "structure_origin": self.origin,
            "structure_id": self.structure_id,
            "structure_path": self.path,
            "cif": self.cif,
        }


def _read_structures(structures: pd.DataFrame) -> tuple[list[_Candidate], list[dict[str, object]]]:
    readable, unreadable = [], []
    for row in structures.to_dict("records"):
        source_id = row["source_id"] if isinstance(row["source_id"], str) else None
        try:
            crystal = read_cif(row["cif"])
        except CifError as error:
            remedy = "its table's unit cell is used instead" if source_id else "it is not used"
            unreadable.append(
                {
                    "source": row["origin"],
                    "source_id": source_id or row["structure_id"],
                    "formula": row["formula"],
                    "reason_code": Reason.UNREADABLE_STRUCTURE.value,
                    "reason": f"structure {row['structure_id']}: {error}; {remedy}",
                }
            )
        else:
            readable.append(
                _Candidate(row["origin"], row["structure_id"], source_id, row["formula"], row["cif"], crystal)
            )
    return readable, unreadable


def _first_by_composition(candidates: list[_Candidate]) -> dict[str, _Candidate]:
    """By the formula that each is for: a generated cell of whole atoms rounds a fractional one."""
    ranked = sorted(candidates, key=lambda s: _ORIGIN_PRECEDENCE.index(StructureOrigin(s.origin)))
    first: dict[str, _Candidate] = {}
    for candidate in ranked:
        first.setdefault(composition_key(parse_composition(candidate.formula)), candidate)
    return first


def _electrolyte(
    row: dict, candidate: _Candidate | None, composition: Composition, named_family: str, role: str | None
) -> dict[str, object]:
    symbol, number = _stated_symmetry(row["space_group"])
    described: dict[str, object] = {
        "disorder": None,
        "space_group": symbol,
        "space_group_number": number,
        "structure_origin": None,
        "structure_path": None,
        "structure_note": None,
    }
    if candidate is not None:
        crystal = candidate.crystal
        described = {
            "disorder": disorder_class(crystal).value,
            "space_group": symbol,
            "space_group_number": number,
            "structure_origin": candidate.origin,
            "structure_path": candidate.path,
            "structure_note": _mismatch(crystal, composition),
            **dict(zip(_CELL, crystal.lattice.parameters, strict=True)),
            **_detected_symmetry(crystal),
        }
        if math.isnan(row["z"]):
            described["z"] = _formula_units(crystal, composition)
    return (
        row
        | described
        | {
            "family": named_family,
            "chemical_group": chemical_group(composition).value,
            "official_role": role,
        }
    )


def _detected_symmetry(crystal: Structure) -> dict[str, object]:
    """Symbol and number from the atoms; nothing, so that the table's stay, where spglib finds none."""
    try:
        symbol, number = detected_space_group(crystal)
    except ValueError:
        return {}
    return {"space_group": symbol, "space_group_number": number}


def _formula_units(crystal: Structure, composition: Composition) -> float:
    """Units of the row's formula in the crystal's cell; NaN where that is no whole number."""
    units = crystal.composition.num_atoms / composition.num_atoms
    return round(units) if abs(units - round(units)) <= _WHOLE else math.nan


def _stated_symmetry(symbol: object) -> tuple[str | None, float]:
    """Standard symbol and number of a table's space group; its own text and NaN where it names none."""
    if not isinstance(symbol, str):
        return None, math.nan
    try:
        group = read_space_group(symbol)
    except SpaceGroupError:
        return symbol, math.nan
    return group.symbol, float(group.number)


def _mismatch(crystal: Structure, composition: Composition) -> str | None:
    """What a reader should know where a CIF and its table disagree on the composition."""
    found = crystal.composition.element_composition
    if found["Li"] == 0:
        return "the CIF holds no Li"
    symbol, difference = largest_difference(found, composition)
    if abs(difference) <= COMPOSITION_TOLERANCE:
        return None
    return f"the CIF's atomic fraction of {symbol} is off by {difference:+.3f}"


def _why_formula_alone(named_family: str) -> tuple[Reason, str]:
    if named_family == _GLASS:
        return Reason.GLASS, "a glass: no crystal describes it, and no unit cell is reported"
    return Reason.FORMULA_ONLY, "no structure and no unit cell: only the formula is known"
