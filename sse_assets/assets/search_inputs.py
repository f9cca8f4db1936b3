"""What the searches for structures are given: compositions without one, and cells to begin in."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

import pandas as pd
from pymatgen.core import Composition

from sse_assets.assets.curated import searched_sources
from sse_assets.curation.families import family
from sse_assets.generation.records import found_structures
from sse_assets.materials.formula import FormulaError, composition_key, parse_composition
from sse_assets.orchestration.settings import Dataset
from sse_assets.prototypes.aflow import aflow_prototypes
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.starting_cells import StartingCell, cells_of_cheap_prototypes, starting_cells
from sse_assets.prototypes.structures import read_prototypes, volume_model
from sse_assets.prototypes.volume import VolumeModel

if TYPE_CHECKING:  # it imports torch, which takes seconds
    from sse_assets.generation.structures import Start, StartingCells


def compositions_without_structure(
    measurements: pd.DataFrame, structures: pd.DataFrame, dataset: Dataset
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the compositions that a search can be made for, and the refused ones.

    Args:
        measurements: as `tables.curated.MEASUREMENTS`.
        structures: known crystals of every origin.
        dataset: data set, which says whose rows are searched for.
    """
    from sse_assets.generation.compositions import compositions_to_search

    own = structures["origin"] + ":" + structures["source_id"]
    formula_alone = measurements["a"].isna() & ~measurements["electrolyte_id"].isin(own.dropna())
    formula_alone &= measurements["repeats"].isna() & measurements["source"].isin(searched_sources(dataset))
    references = structures.loc[structures["source_id"].isna(), "formula"]
    return compositions_to_search(measurements[formula_alone], _composition_keys(references))


def _composition_keys(formulas: Iterable[str]) -> set[str]:
    """Return the keys of the formulas that can be read; curation names the others."""
    keys = set()
    for formula in formulas:
        with suppress(FormulaError):
            keys.add(composition_key(parse_composition(formula)))
    return keys


def family_of(composition: Mapping[Any, Any], measurements: pd.DataFrame) -> str:
    """Return the family of a row of `generated.compositions`, as its measurement reports it."""
    (row,) = measurements[measurements["electrolyte_id"] == composition["electrolyte_id"]].to_dict("records")
    return _family(row)


def _family(row: Mapping[Any, Any]) -> str:
    return family(row["reported_family"], parse_composition(row["formula"]), row["space_group"])


def library_for_searches(
    measurements: pd.DataFrame,
    structures: pd.DataFrame,
    records: Iterable[Traversable],
    without: str | None = None,
) -> tuple[Chooser, VolumeModel]:
    """Return every known structure type that a search may begin in, and the volumes of the elements.

    Args:
        measurements: as `tables.curated.MEASUREMENTS`; a crystal has the family and the paper of its row.
        structures: known crystals of every origin.
        records: folders with records of searches, whose structures that held are known too.
        without: integer formula of a composition whose own found structure is left out.
    """
    own = measurements.assign(
        own=measurements["electrolyte_id"],
        family=[_family(row) for row in measurements.to_dict("records")],
    )[["own", "doi", "family"]]
    crystals = structures.assign(own=structures["origin"] + ":" + structures["source_id"])
    known, _ = read_prototypes(crystals.merge(own, how="left", on="own"))
    found, _ = read_prototypes(found_structures(records, without=without))
    chooser = Chooser([*known, *found, *aflow_prototypes()])
    return chooser, volume_model(chooser.prototypes)


def cells_from(
    library: Callable[[], tuple[Chooser, VolumeModel]], families: Mapping[str, str]
) -> "StartingCells":
    """Return the functions that place compositions in known structure types, in whole atoms.

    Args:
        library: function that reads the library, called when a cell is made.
        families: family of each composition, by its integer formula.
    """
    from sse_assets.generation.duplicates import atoms_of
    from sse_assets.generation.structures import Start, StartingCells

    def starts(cells: list[StartingCell]) -> "list[Start]":
        return [Start(atoms_of(cell.structure), cell.parent_id, cell.cost_per_anion) for cell in cells]

    return StartingCells(
        of_content=lambda content, most: starts(starting_cells(content, *library(), most=most)),
        of_cheap_prototypes=lambda formula, below, most: starts(
            cells_of_cheap_prototypes(
                Composition(formula), *library(), family=families[formula], below=below, most=most
            )
        ),
    )
