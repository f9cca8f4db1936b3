"""Labels joined with crystals: the table that descriptors, splits and models start from."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.curation.families import chemical_group, family
from sse_assets.curation.measurements import RefusedError, refusal
from sse_assets.materials.crystal import (
    CifError,
    Crystal,
    compare_with_formula,
    formula_units,
    read_crystal,
)
from sse_assets.materials.disorder import disorder_class
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.materials.plain_text import fault
from sse_assets.materials.remarks import RemarkCode, as_codes, as_note
from sse_assets.materials.solids import impossible_cell, impossible_content
from sse_assets.materials.symmetry import SpaceGroupError, detected_space_group, read_space_group
from sse_assets.tables import curated
from sse_assets.tables.names import Reason, Source, StructureOrigin

STRUCTURE_FOLDER = "structures"
"""Where every `structure_path` begins."""

_CELL = ["a", "b", "c", "alpha", "beta", "gamma"]
_GLASS = "Glass"
ORIGIN_PRECEDENCE = [
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
    """As `tables.curated.JOINED`."""
    structures: pd.DataFrame
    """The crystal of each electrolyte that has one, as `tables.curated.STRUCTURES`."""
    rejected: pd.DataFrame
    """Measurements and structures left out here, as `tables.curated.REJECTED`."""


def curate_electrolytes(
    measurements: pd.DataFrame,
    structures: pd.DataFrame,
    official_roles: Mapping[str, str],
    searched_sources: Collection[str] = tuple(Source),
) -> CuratedElectrolytes:
    """Give every labelled measurement its crystal.

    A measurement takes the structure its own source has for it. One whose table gives no unit cell takes a
    reference or generated structure of the same composition, measured before computed before generated, the
    first by id where several compete. A glass takes none, for a crystal of the same formula is another
    material; nor does a row that repeats the material of another. Without structure and without unit cell
    the row stays, marked as a formula alone. A row whose Z or unit cell no crystal can have is refused, and
    so is one on which anything here fails. A structure of its own that is another compound than its formula
    is not used.

    Args:
        measurements: labelled rows of `curate_measurements`.
        structures: candidates of every origin, in the columns that all tables of structures share.
        official_roles: train or test by electrolyte_id, for the rows of a source that publishes a split.
        searched_sources: sources whose rows may take a generated structure.
    """
    readable, unreadable = _read_structures(structures)
    own = {f"{s.origin}:{s.source_id}": s for s in readable if s.source_id}
    by_composition = _first_by_composition(readable)
    databases = {
        key: candidate
        for key, candidate in by_composition.items()
        if candidate.origin != StructureOrigin.GENERATED
    }

    electrolytes, chosen, rejected = [], [], list(unreadable)
    for row in measurements.to_dict("records"):
        electrolyte_id = row["electrolyte_id"]
        try:
            candidate = _usable(own.get(electrolyte_id), row, rejected)
            references = by_composition if row["source"] in searched_sources else databases
            candidate, electrolyte = _with_crystal(
                row, candidate, references, official_roles.get(electrolyte_id)
            )
        except RefusedError as error:
            rejected.append(refusal(row, error.code, str(error)))
        except Exception as error:  # noqa: BLE001 - one row never stops the others; the reason is kept
            rejected.append(refusal(row, Reason.FAILED, f"it could not be curated ({fault(error)})"))
        else:
            electrolytes.append(electrolyte)
            if candidate is not None:
                chosen.append(candidate.row(electrolyte_id))
    return CuratedElectrolytes(
        curated.JOINED.frame(electrolytes),
        curated.STRUCTURES.frame(chosen),
        curated.REJECTED.frame(rejected),
    )


@dataclass(frozen=True)
class _Candidate:
    origin: str
    structure_id: str
    source_id: str | None
    key: str | None
    """Key of the formula that a reference is for; a generated cell of whole atoms rounds a fractional one."""
    cif: str
    crystal: Crystal

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
            crystal = read_crystal(row["cif"])
            key = None if source_id else composition_key(parse_composition(row["formula"]))
        except CifError as error:
            unreadable.append(_unused(row, source_id, Reason.UNREADABLE_STRUCTURE, str(error)))
        except Exception as error:  # noqa: BLE001 - one CIF never stops the others; the reason is kept
            reason = f"it cannot be read ({fault(error)})"
            unreadable.append(_unused(row, source_id, Reason.FAILED, reason))
        else:
            readable.append(
                _Candidate(row["origin"], row["structure_id"], source_id, key, row["cif"], crystal)
            )
    return readable, unreadable


def _unused(row: dict, source_id: str | None, code: Reason, reason: str) -> dict[str, object]:
    remedy = "its row stands with its unit cell or its formula alone" if source_id else "it is not used"
    return {
        "source": row["origin"],
        "source_id": source_id or row["structure_id"],
        "formula": row["formula"],
        "reason_code": code.value,
        "reason": f"structure {row['structure_id']}: {reason}; {remedy}",
    }


def _usable(candidate: _Candidate | None, row: dict, rejected: list[dict[str, object]]) -> _Candidate | None:
    """Return a row's own structure, unless it is of another compound: then the row stands without it.

    Raises:
        RefusedError: if the row has no unit cell of its own to stand with.
    """
    if candidate is None:
        return None
    remarks = compare_with_formula(candidate.crystal, parse_composition(row["formula"]))
    other = [remark for remark in remarks if remark.code is RemarkCode.OTHER_COMPOUND]
    if not other:
        return candidate
    reason = f"structure {candidate.structure_id}: {other[0].sentence}"
    if not _has_cell(row):
        sentence = f"{reason}: correct the formula or name another CIF"
        raise RefusedError(Reason.OTHER_COMPOUND, sentence)
    rejected.append(refusal(row, Reason.OTHER_COMPOUND, f"{reason}; its table's unit cell is used instead"))
    return None


def _has_cell(row: dict) -> bool:
    return not any(math.isnan(row[column]) for column in _CELL)


def _with_crystal(
    row: dict, candidate: _Candidate | None, by_composition: Mapping[str, _Candidate], role: str | None
) -> tuple[_Candidate | None, dict[str, object]]:
    """Return the structure of a row, its own or one of its composition, and the row with what it tells.

    Raises:
        RefusedError: if the row has a unit cell that cannot be.
    """
    composition = parse_composition(row["formula"])
    named_family = family(row["reported_family"], composition, row["space_group"])
    stands_alone = named_family != _GLASS and not isinstance(row["repeats"], str)
    if candidate is None and not _has_cell(row) and stands_alone:
        candidate = by_composition.get(row["composition_key"])
    if row["z"] <= 0:
        sentence = f"Z is {row['z']:g}: a cell holds a positive number of formula units"
        raise RefusedError(Reason.IMPOSSIBLE_CELL, sentence)
    if candidate is None and _has_cell(row):
        _require_possible(row, composition)
    return candidate, _electrolyte(row, candidate, composition, named_family, role)


def _require_possible(row: dict, composition: Composition) -> None:
    """Refuse a table's unit cell that no crystal has.

    Raises:
        RefusedError: with the reason.
    """
    cell = [row[name] for name in _CELL]
    if (trouble := impossible_cell(*cell)) is not None:
        raise RefusedError(Reason.IMPOSSIBLE_CELL, f"the unit cell is none: {trouble}")
    volume = Lattice.from_parameters(*cell).volume
    if (trouble := impossible_content(composition, row["z"], volume)) is not None:
        sentence = f"formula, unit cell and Z tell of no solid: {trouble}"
        raise RefusedError(Reason.IMPOSSIBLE_CELL, sentence)


def _first_by_composition(candidates: list[_Candidate]) -> dict[str, _Candidate]:
    """Return the references by the key of their formula; of several the first by `ORIGIN_PRECEDENCE`."""
    ranked = sorted(candidates, key=lambda s: ORIGIN_PRECEDENCE.index(StructureOrigin(s.origin)))
    first: dict[str, _Candidate] = {}
    for candidate in ranked:
        if candidate.key is not None:
            first.setdefault(candidate.key, candidate)
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
        "structure_remarks": None,
    }
    if candidate is not None:
        crystal, structure = candidate.crystal, candidate.crystal.structure
        remarks = [*compare_with_formula(crystal, composition), *crystal.remarks]
        described = {
            "disorder": disorder_class(structure).value,
            "space_group": symbol,
            "space_group_number": number,
            "structure_origin": candidate.origin,
            "structure_path": candidate.path,
            "structure_note": as_note(remarks),
            "structure_remarks": as_codes(remarks),
            **dict(zip(_CELL, structure.lattice.parameters, strict=True)),
            **_detected_symmetry(structure),
        }
        if math.isnan(row["z"]):
            described["z"] = formula_units(crystal, composition)
    return (
        row
        | described
        | {
            "family": named_family,
            "chemical_group": chemical_group(composition).value,
            "official_role": role,
            "formula_only": candidate is None and not _has_cell(row),
        }
    )


def _detected_symmetry(crystal: Structure) -> dict[str, object]:
    """Symbol and number from the atoms; nothing, so that the table's stay, where spglib finds none."""
    try:
        symbol, number = detected_space_group(crystal)
    except ValueError:
        return {}
    return {"space_group": symbol, "space_group_number": number}


def _stated_symmetry(symbol: object) -> tuple[str | None, float]:
    """Standard symbol and number of a table's space group; its own text and NaN where it names none."""
    if not isinstance(symbol, str):
        return None, math.nan
    try:
        group = read_space_group(symbol)
    except SpaceGroupError:
        return symbol, math.nan
    return group.symbol, float(group.number)


def with_prototypes(electrolytes: pd.DataFrame, prototypes: pd.DataFrame) -> pd.DataFrame:
    """Name the prototype of each electrolyte that has no crystal, where it is trusted.

    Cell, symmetry and disorder stay as they were measured: the paper's models see nothing of a prototype. An
    untrusted one names nothing, for its density is no better than what the composition tells.

    Args:
        electrolytes: a frame as `tables.curated.JOINED`.
        prototypes: a frame as `tables.generated.PROTOTYPES`.

    Returns:
        A frame as `tables.curated.ELECTROLYTES`.

    Raises:
        ValueError: if a prototype is of an electrolyte that has a crystal.
    """
    told = ["structure_origin", "structure_path", "cost_per_anion", "parent_id"]
    placed = prototypes[prototypes["trusted"]].set_index("electrolyte_id")[told]
    rows = curated.ELECTROLYTES.frame(electrolytes).set_index("electrolyte_id")
    known = rows.index[rows["structure_origin"].notna()].intersection(placed.index)
    if len(known):
        raise ValueError(f"{known[0]} has a crystal and a prototype: place electrolytes without atoms alone")
    return curated.ELECTROLYTES.frame(rows.fillna(placed).reset_index())


def with_cells(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return the electrolytes whose unit cell is known: the rows of the paper's models and of every test."""
    return electrolytes[~electrolytes["formula_only"]].reset_index(drop=True)


def with_crystals(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return the electrolytes whose crystal was measured, computed or searched: a prototype is none."""
    origin = electrolytes["structure_origin"]
    return electrolytes[origin.notna() & (origin != StructureOrigin.PROTOTYPE)]
