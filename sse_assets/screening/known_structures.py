"""Structures that are stored for a composition, the most trustworthy first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sse_assets.curation.electrolytes import ORIGIN_PRECEDENCE
from sse_assets.materials.formula import FormulaError, composition_key, parse_composition
from sse_assets.prototypes.crystal import cif_text
from sse_assets.prototypes.stored_library import Library
from sse_assets.tables.names import StructureOrigin

_CONFIDENCE = {
    StructureOrigin.OBELIX: "measured: the published crystal of a measurement in OBELiX",
    StructureOrigin.SAMPLE: "measured: a published crystal",
    StructureOrigin.INBOX: "measured: a crystal of your own",
    StructureOrigin.MATERIALS_PROJECT: "computed: an ordered cell, relaxed by the Materials Project",
    StructureOrigin.OQMD: "computed: an ordered cell, relaxed by OQMD",
    StructureOrigin.GENERATED: "guessed: found by a structure search, and nothing of it was measured",
    StructureOrigin.PROTOTYPE: "inferred: a known structure type that the composition was placed in",
}


@dataclass(frozen=True)
class KnownStructure:
    """One stored structure."""

    origin: str
    structure_id: str
    formula: str
    cif: str
    note: str = ""
    """What else is known of its origin."""

    @property
    def sentence(self) -> str:
        """Its id, its origin and how far to trust it."""
        return f"{self.structure_id} ({self.formula}); {_CONFIDENCE[StructureOrigin(self.origin)]}{self.note}"


def known_structures(read: Callable[[str, str], pd.DataFrame | None], formula: str) -> list[KnownStructure]:
    """List the structures of a composition in the order in which curation prefers them, prototypes last.

    Where none is stored, the composition is placed in the prototype that suits it, if that is to be trusted.

    Args:
        read: returns a stored table by schema and name, None if it is not made yet.
        formula: as somebody writes it.

    Raises:
        FormulaError: if the formula cannot be read.
    """
    key = composition_key(parse_composition(formula))
    found: dict[str, KnownStructure] = {}
    electrolytes, used = read("curated", "electrolytes"), read("curated", "structures")
    if electrolytes is not None and used is not None:
        same = electrolytes.loc[electrolytes["composition_key"] == key, ["electrolyte_id", "formula"]]
        for row in used.merge(same, on="electrolyte_id").to_dict("records"):
            one = KnownStructure(row["structure_origin"], row["structure_id"], row["formula"], row["cif"])
            found.setdefault(one.structure_id, one)
    prototypes = read("generated", "prototypes")
    for row in [] if prototypes is None else prototypes.dropna(subset="cif").to_dict("records"):
        if _is_key(row["formula"], key):
            note = _of_prototype(row)
            one = KnownStructure(
                row["structure_origin"], row["structure_id"], row["formula"], row["cif"], note
            )
            found.setdefault(one.structure_id, one)
    references = read("raw", "reference_structures")
    for row in [] if references is None else references.to_dict("records"):
        if _is_key(row["formula"], key):
            one = KnownStructure(row["origin"], row["structure_id"], row["formula"], row["cif"])
            found.setdefault(one.structure_id, one)
    searched = read("generated", "structures")
    for row in [] if searched is None else searched[searched["valid"]].to_dict("records"):
        if row["composition_key"] == key:
            name = f"{StructureOrigin.GENERATED}:{row['formula']}"
            one = KnownStructure(StructureOrigin.GENERATED, name, row["measured_formula"], row["cif"])
            found.setdefault(one.structure_id, one)
    if not found and (library := read("generated", "prototype_library")) is not None and len(library):
        found = _placed(formula, library)
    order = [*ORIGIN_PRECEDENCE, StructureOrigin.PROTOTYPE]
    return sorted(found.values(), key=lambda one: order.index(StructureOrigin(one.origin)))


def _placed(formula: str, library: pd.DataFrame) -> dict[str, KnownStructure]:
    """Place a composition of which no structure is stored, as `predict` does."""
    made, sentence = Library.read(library).of_formula(formula)
    if made is None:
        return {}
    name = f"{StructureOrigin.PROTOTYPE}:{formula}"
    one = KnownStructure(
        StructureOrigin.PROTOTYPE, name, formula, cif_text(made.structure), f", that of {sentence}; trusted"
    )
    return {name: one}


def _of_prototype(row: Mapping[Any, Any]) -> str:
    """Say from which crystal a prototype was made, at what cost, and whether its cell and sites are used."""
    paper = f", {row['parent_doi']}" if isinstance(row["parent_doi"], str) else ""
    trust = "trusted" if row["trusted"] else f"not trusted, {row['reason']}"
    return f", that of {row['parent_formula']}{paper}, at a cost of {row['cost_per_anion']:.2f}; {trust}"


def _is_key(formula: str, key: str) -> bool:
    try:
        return composition_key(parse_composition(formula)) == key
    except FormulaError:  # a database's own way to write one
        return False
