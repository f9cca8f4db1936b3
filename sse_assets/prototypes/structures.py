"""A structure from a prototype for every composition that has no atoms, and how far it is to be believed."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pandas as pd
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.anions import anion_symbols
from sse_assets.materials.conventional_cell import standard_lattice
from sse_assets.materials.crystal import read_crystal
from sse_assets.materials.disorder import disorder_class
from sse_assets.materials.formula import COMPOSITION_TOLERANCE, largest_difference, parse_composition
from sse_assets.materials.plain_text import fault
from sse_assets.materials.solids import G_CM3_PER_DALTON_A3
from sse_assets.prototypes import mapping as placing
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.crystal import UnsoundCrystalError, cif_text, in_cell, require_sound, substituted
from sse_assets.prototypes.library import NoPrototypeError, Prototype, Source, prototype
from sse_assets.prototypes.volume import VolumeModel
from sse_assets.tables import generated
from sse_assets.tables.names import Reason, StructureOrigin

TRUSTED_COST = 0.25
"""Largest cost for each anion at which cell and sites are believed. Known crystals that were left out came
out right below it, and mostly wrong above it (docs/structures.md)."""

NO_PLACE = "no known structure has a place for each of its elements"

_CELL = ["a", "b", "c", "alpha", "beta", "gamma"]
_GLASS = "Glass"
_NO_STRUCTURE_TYPE = "Other"
"""How families begin that say the kind of anion and no structure type."""


@dataclass(frozen=True)
class Placed:
    """A composition on its prototype."""

    mapping: placing.Mapping
    distance: float
    """Σ|Δx| of the atomic fractions from the prototype."""
    structure: Structure
    cell_given: bool
    """Whether the cell is that of the measurement's own table."""
    refused: tuple[Reason, str] | None
    """Why it is not to be trusted; None if it is."""

    @property
    def standard_lattice(self) -> Lattice | None:
        """Conventional lattice in the setting of spglib, where the symmetry is that of the prototype.

        None where the crystal has to be looked at: it may have a higher symmetry.
        """
        known = self.mapping.prototype
        if self.cell_given or known.standard_lattice is None or not self.mapping.keeps_symmetry:
            return None
        larger = self.structure.volume / known.lattice.volume
        return known.standard_lattice.scale(known.standard_lattice.volume * larger)

    @property
    def parentage(self) -> str:
        """The crystal that it was made from, with its paper, and the cost."""
        source = self.mapping.prototype.source
        paper = f", {source.doi}" if source.doi else ""
        return f"{source.formula} ({source.structure_id}{paper}), at a cost of {self.mapping.cost:.2f}"


def read_prototypes(structures: pd.DataFrame) -> tuple[list[Prototype], dict[str, str]]:
    """Read known crystals as prototypes.

    Args:
        structures: columns `structure_id`, `formula` (of the measurement or the database), `cif`, `doi` and
            `family`; the last two may be missing.

    Returns:
        The prototypes, and by structure_id why a crystal is none.
    """
    known, unusable = [], {}
    for row in structures.to_dict("records"):
        doi, family = (row[name] if isinstance(row[name], str) else None for name in ("doi", "family"))
        try:
            crystal = read_crystal(row["cif"]).structure
            symbol, difference = largest_difference(
                crystal.composition.element_composition, parse_composition(row["formula"])
            )
            if abs(difference) > COMPOSITION_TOLERANCE:
                raise NoPrototypeError(
                    f"it lacks atoms: the fraction of {symbol} is off by {difference:+.3f}"
                )
            known.append(prototype(crystal, Source(row["structure_id"], row["formula"], doi, family)))
        except NoPrototypeError as error:
            unusable[row["structure_id"]] = str(error)
        except Exception as error:  # noqa: BLE001 - one crystal never stops the others; the reason is kept
            unusable[row["structure_id"]] = f"it could not be read ({fault(error)})"
    return known, unusable


def volume_model(known: Iterable[Prototype]) -> VolumeModel:
    """Fit the volumes of the elements to crystals, each composition once.

    Structure types have no part in it: alloys and minerals among them take up other volumes.
    """
    crystals = {p.key: (p.composition, float(p.lattice.volume)) for p in known if not p.source.is_type}
    return VolumeModel.fit(crystals.values())


def prototype_structures(
    electrolytes: pd.DataFrame,
    chooser: Chooser,
    volumes: VolumeModel,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Give every composition the structure of its prototype.

    Where the row has a cell and a space group, only the sites are placed: the prototype has this space group
    and nearly this cell.

    Args:
        electrolytes: `electrolyte_id`, `formula`, `family`, `z`, `a`, `b`, `c` (Å), `alpha`, `beta`, `gamma`
            (degrees), `space_group` and `space_group_number`; what is unknown is missing.
        chooser: prototypes.
        volumes: volumes of the elements.
        progress: called with (rows done, rows in all).

    Returns:
        A frame as `tables.generated.PROTOTYPES`. A row without a structure says why; so does one whose
        structure is not to be trusted.
    """
    rows = []
    for done, row in enumerate(electrolytes.to_dict("records"), start=1):
        try:
            found = _structure(row, chooser, volumes)
        except placing.UnmappableError as error:
            found = _without(Reason.NO_PROTOTYPE, str(error))
        except Exception as error:  # noqa: BLE001 - one row never stops the others; the reason is kept
            found = _without(Reason.FAILED, f"it could not be made ({fault(error)})")
        rows.append({name: row[name] for name in ("electrolyte_id", "formula", "family")} | found)
        progress(done, len(electrolytes))
    return generated.PROTOTYPES.frame(rows)


def choose(
    chooser: Chooser, target: placing.Target, family: object, among: Sequence[int] | None = None
) -> tuple[placing.Mapping, float] | None:
    """Return the best placement on a prototype of the reported family; on any other where it has none.

    Args:
        chooser: prototypes.
        target: composition to place.
        family: as curation names it.
        among: numbers of the prototypes that compete; by default all do.
    """
    allowed = range(len(chooser.prototypes)) if among is None else among
    if isinstance(family, str) and not family.startswith((_NO_STRUCTURE_TYPE, _GLASS)):
        relatives = set(chooser.of_family(family)).intersection(allowed)
        found = chooser.best(target, sorted(relatives)) if relatives else None
        if found is not None:
            return found
    return chooser.best(target, allowed)


def why_doubtful(mapping: placing.Mapping, structure: Structure) -> tuple[Reason, str] | None:
    """Return why a structure is not to be trusted, whatever else is known of it; None if it is."""
    try:
        require_sound(structure)
    except UnsoundCrystalError as error:
        return error.code, str(error)
    if mapping.cost > TRUSTED_COST:
        sentence = f"the substitution costs {mapping.cost:.2f} for each anion, {TRUSTED_COST:g} at most"
        return Reason.COSTLY_SUBSTITUTION, sentence
    return None


def placed(row: Mapping[Any, Any], chooser: Chooser, volumes: VolumeModel) -> Placed | None:
    """Place a composition on the prototype that suits it best.

    Args:
        row: as one of `prototype_structures`.
        chooser: prototypes.
        volumes: volumes of the elements.

    Returns:
        None where no prototype has a place for every atom.

    Raises:
        UnmappableError: if the elements cannot be ions of both signs.
    """
    composition = parse_composition(row["formula"])
    target = placing.target(composition)
    lattice, same_cell = _given_cell(row, composition, chooser)
    found = chooser.best(target, same_cell) if same_cell else None
    in_given_cell = found is not None
    found = found or choose(chooser, target, row["family"])
    if found is None:
        return None
    mapping, distance = found
    if in_given_cell and lattice is not None:
        structure = in_cell(mapping, lattice)
    else:
        structure = substituted(mapping, volumes)
    refused = _refusal(row, mapping, structure, None if in_given_cell else volumes)
    return Placed(mapping, distance, structure, in_given_cell, refused)


def placed_alone(target: placing.Target, chooser: Chooser, volumes: VolumeModel) -> Placed | None:
    """Place a composition of which nothing else is known; as `placed`."""
    found = chooser.best(target)
    if found is None:
        return None
    mapping, distance = found
    structure = substituted(mapping, volumes)
    refused = why_doubtful(mapping, structure) or _of_unknown_size(mapping, volumes)
    return Placed(mapping, distance, structure, cell_given=False, refused=refused)


def _structure(row: Mapping[Any, Any], chooser: Chooser, volumes: VolumeModel) -> dict[str, Any]:
    made = placed(row, chooser, volumes)
    if made is None:
        return _without(Reason.NO_PROTOTYPE, NO_PLACE)
    parent, structure = made.mapping.prototype, made.structure
    origin, name = StructureOrigin.PROTOTYPE, row["electrolyte_id"]
    return {
        "structure_origin": origin.value,
        "structure_id": f"{origin}:{name}",
        "structure_path": f"structures/{origin}/{quote(name, safe='')}.cif",
        "cif": cif_text(structure),
        "trusted": made.refused is None,
        "cost_per_anion": made.mapping.cost,
        "composition_distance": made.distance,
        "parent_id": parent.source.structure_id,
        "parent_formula": parent.source.formula,
        "parent_doi": parent.source.doi,
        "signs_reversed": parent.reversed,
        "mapping": made.mapping.words,
        "cell_given": made.cell_given,
        "space_group": parent.space_group,
        "space_group_number": float(parent.space_group_number),
        **dict(zip(_CELL, structure.lattice.parameters, strict=True)),
        "disorder": disorder_class(structure).value,
        "density_g_cm3": G_CM3_PER_DALTON_A3 * float(structure.composition.weight) / structure.volume,
        **_said(made.refused),
    }


def _refusal(
    row: Mapping[Any, Any],
    mapping: placing.Mapping,
    structure: Structure,
    volumes: VolumeModel | None,
) -> tuple[Reason, str] | None:
    """Return why a structure is not to be trusted; None if it is. Without `volumes` its cell was given."""
    if row["family"] == _GLASS:
        return Reason.GLASS, "a glass: the crystal of a like composition says little of it"
    if (doubt := why_doubtful(mapping, structure)) is not None:
        return doubt
    if volumes is None:
        return None
    if _has_cell(row):
        sentence = "no known structure has the space group and nearly the cell that the table gives"
        return Reason.OTHER_CELL, sentence
    return _of_unknown_size(mapping, volumes)


def _of_unknown_size(mapping: placing.Mapping, volumes: VolumeModel) -> tuple[Reason, str] | None:
    if unknown := volumes.unknown(mapping.target.composition):
        return Reason.UNKNOWN_ELEMENT, f"no known structure says how large {', '.join(unknown)} is"
    return None


def _given_cell(
    row: Mapping[Any, Any], composition: Composition, chooser: Chooser
) -> tuple[Lattice | None, list[int]]:
    """Return the standard cell of a row, and the prototypes with that cell; none where it has no cell."""
    if not _has_cell(row) or pd.isna(row["space_group_number"]):
        return None, []
    number = int(row["space_group_number"])
    lattice = Lattice.from_parameters(*(row[name] for name in _CELL))
    standard = standard_lattice(lattice, number, row["space_group"])
    if standard is None:
        return None, []
    anions = None
    if not math.isnan(row["z"]):
        in_formula = sum(composition[symbol] for symbol in anion_symbols(composition))
        anions = row["z"] * in_formula * standard.volume / lattice.volume
    return standard, chooser.of_cell(standard, number, anions)


def _has_cell(row: Mapping[Any, Any]) -> bool:
    return not any(pd.isna(row[name]) for name in _CELL)


def _without(code: Reason, sentence: str) -> dict[str, Any]:
    return {"trusted": False, "signs_reversed": False, "cell_given": False, **_said((code, sentence))}


def _said(refused: tuple[Reason, str] | None) -> dict[str, str | None]:
    code, sentence = refused or (None, None)
    return {"reason_code": code.value if code else None, "reason": sentence}
