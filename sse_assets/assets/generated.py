"""Group `structures`: crystals for compositions of which only the formula is known (paper, II.B, III.B).

Each composition is a partition. Its search is made on demand, for it takes an hour of a CPU or more. Where
the project ships the record of a search, that record is taken.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.resources.abc import Traversable
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
from pymatgen.core import Composition
from upath import UPath

from sse_assets.assets.curated import STRUCTURE_SOURCES, searched_sources
from sse_assets.assets.raw import STRUCTURES
from sse_assets.assets.search_settings import SearchConfig, SmokeSearchConfig
from sse_assets.curation.families import family
from sse_assets.generation.records import (
    SHIPPED,
    Record,
    found_structures,
    read_record,
    settings_id,
    shipped_formulas,
)
from sse_assets.generation.stability import validation_table
from sse_assets.materials.formula import FormulaError, composition_key, parse_composition
from sse_assets.orchestration.blobs import publish_folder, write_bytes
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.gpu import GPU_POOL, GPU_TAGS, waiting_for_gpu_memory
from sse_assets.orchestration.io import file_metadata, table_ins, table_outs, table_result
from sse_assets.orchestration.on_demand import ON_DEMAND, refuse_unless_asked_for
from sse_assets.orchestration.progress import at_most_every, report_progress
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.orchestration.tables import content_sha256
from sse_assets.prototypes.aflow import aflow_prototypes
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.starting_cells import StartingCell, cells_of_cheap_prototypes, starting_cells
from sse_assets.prototypes.structures import read_prototypes, volume_model
from sse_assets.prototypes.volume import VolumeModel
from sse_assets.report.generation_figures import (
    ambient_run,
    crystal_drawings,
    enthalpy_by_generation,
    enthalpy_changes,
)
from sse_assets.tables import generated

if TYPE_CHECKING:  # it imports torch, which takes seconds
    from sse_assets.generation.progress import Progress
    from sse_assets.generation.structures import Start, StartingCells

SCHEMA = "generated"
SEARCH_STRUCTURES = "search_structures"
"""Name of the job that searches."""
THIS_RUN, EARLIER_RUN, SHIPPED_RECORD = "this run", "an earlier run", "shipped with the project"
"""Where the record of a structure came from; that of a run lies below the blob root, with trajectories."""
_CODE_VERSION = "4"
_SECONDS_BETWEEN_CURVES = 30.0
_SECONDS_BETWEEN_LINES = 10.0
_HOURS_WORTH_A_WARNING = 1.0
_HOURS_OF_A_CLICK = 0.1
"""Core hours above which a search has to be asked for."""

compositions_partitions = dg.DynamicPartitionsDefinition(name="compositions")
"""Integer formulas of Z = 1 (letters and digits), as `generated.compositions` finds them."""


def partitions_of_every_run(dataset: Dataset) -> Collection[str] | None:
    """Return the compositions whose structure every run brings up to date, as it takes seconds; None for all.

    The search of the sample is small. Elsewhere these are the compositions with a shipped record.
    """
    return None if dataset is Dataset.SAMPLE else shipped_formulas()


def generated_assets(dataset: Dataset) -> list[dg.AssetsDefinition]:
    """Return the steps that list the compositions and search for their structures."""
    sources = STRUCTURE_SOURCES[dataset]
    return [_compositions(sources, dataset), _search(sources, _CONFIGS[dataset])]


def _compositions(structure_sources: list[str], dataset: Dataset) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="list_compositions",
        ins=table_ins("curated.measurements", *(f"raw.{source}" for source in structure_sources)),
        outs=table_outs(
            SCHEMA,
            {
                "compositions": "Compositions without a cell or structure that a search can be made for.",
                "refused_compositions": "Those that no search can be made for, each with the reason.",
            },
            group=STRUCTURES,
            code_version=_CODE_VERSION,
        ),
    )
    def compositions(
        context: dg.AssetExecutionContext, measurements: pd.DataFrame, **structures: pd.DataFrame
    ) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        known = pd.concat(structures.values(), ignore_index=True)
        wanted, refused = compositions_without_structure(measurements, known, dataset)
        _keep_partitions(context.instance, wanted["cell_formula"].tolist())
        shipped = set(shipped_formulas()) & set(wanted["cell_formula"])
        yield table_result(
            wanted,
            "generated.compositions",
            metadata={"with_a_shipped_record": ", ".join(sorted(shipped)) or "none"},
        )
        yield table_result(refused, "generated.refused_compositions")

    return compositions


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


def _keep_partitions(instance: dg.DagsterInstance, formulas: list[str]) -> None:
    """Make these the partitions; the record of one that goes is kept, and read again when it comes back."""
    name = compositions_partitions.name
    assert name is not None
    there = set(instance.get_dynamic_partitions(name))
    instance.add_dynamic_partitions(name, [formula for formula in formulas if formula not in there])
    for gone in there - set(formulas):
        instance.delete_dynamic_partition(name, gone)


_CONFIGS: dict[Dataset, type[SearchConfig]] = {
    Dataset.SAMPLE: SmokeSearchConfig,
    Dataset.OBELIX: SearchConfig,
}

_OUTPUTS = {
    "structures": "The structure of lowest enthalpy of a composition, how it was found and whether it held.",
    "search_history": "Every candidate of every search: operator, parents, enthalpy, why it failed.",
    "dynamics": "Energy, temperature, pressure and volume of the structure along both runs of dynamics.",
    "validation": "Means over the second half of both runs, beside the relaxed structure.",
}


def _search(structure_sources: list[str], config_type: type[SearchConfig]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="search_structure",
        ins=table_ins(
            "generated.compositions",
            "curated.measurements",
            *(f"raw.{source}" for source in structure_sources),
        ),
        outs=table_outs(
            SCHEMA, _OUTPUTS, group=STRUCTURES, code_version=_CODE_VERSION, kind="pytorch", tags=ON_DEMAND
        ),
        partitions_def=compositions_partitions,
        pool=GPU_POOL,
        op_tags=GPU_TAGS,
    )
    def search_structure(
        context: dg.AssetExecutionContext,
        config: config_type,  # type: ignore[valid-type]  # Dagster reads the data set's defaults from it
        settings: dg.ResourceParam[Settings],
        compositions: pd.DataFrame,
        measurements: pd.DataFrame,
        **structures: pd.DataFrame,
    ) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        known = pd.concat(structures.values(), ignore_index=True)
        with waiting_for_gpu_memory(context):
            yield from _find(context, config, settings, compositions, (measurements, known))

    return search_structure


def _find(
    context: dg.AssetExecutionContext,
    config: SearchConfig,
    settings: Settings,
    compositions: pd.DataFrame,
    known: tuple[pd.DataFrame, pd.DataFrame],
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Take the record of a composition, or search where there is none, and hand it on as tables."""
    formula = context.partition_key
    rows = compositions[compositions["cell_formula"] == formula].to_dict("records")
    if not rows:
        raise ValueError(
            f"{formula!r} is no longer in generated.compositions: it has a structure now, or is not measured"
        )
    search, validation = config.search_settings(), config.validation_settings()
    place = settings.blob_root / SCHEMA / formula / settings_id(search, validation)
    record, origin = None, EARLIER_RUN
    if not config.search_again:
        record = read_record(place, formula)
        if record is None and _is_default(config):
            record, origin = read_record(SHIPPED, formula), SHIPPED_RECORD
    if record is None:
        working = settings.home / "working" / "structure_search" / formula / place.name
        found = _search_and_validate(context, config, working, rows[0], known, settings.blob_root)
        publish_folder(working, place)
        for name, text in found.to_files().items():
            write_bytes(place / name, text.encode())
        shutil.rmtree(working)
        record, origin = read_record(place, formula), THIS_RUN
    assert record is not None
    context.log.info(f"{formula}, {origin}: {_verdict(record)}")
    kept_at = None if origin == SHIPPED_RECORD else f"{SCHEMA}/{formula}/{place.name}"
    yield from _as_tables(record, origin, kept_at, rows[0], settings)


def _is_default(config: SearchConfig) -> bool:
    """Return whether search and validation have their default settings."""
    default = type(config).model_validate({})
    return (config.search_settings(), config.validation_settings()) == (
        default.search_settings(),
        default.validation_settings(),
    )


def _verdict(record: Record) -> str:
    structure = record.structure
    if structure["cif"] is None:
        return f"no structure: {structure['failure']}"
    if not structure["valid"]:
        return f"not used, for it does not hold: {structure['failure']}"
    return f"{structure['space_group']}, {structure['enthalpy_ev_per_atom']:.3f} eV/atom, holds"


def _as_tables(
    record: Record, origin: str, kept_at: str | None, composition: dict[str, Any], settings: Settings
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    structure = record.structure
    structures = generated.STRUCTURES.frame(
        [
            {
                "composition_key": composition["composition_key"],
                "measured_formula": composition["formula"],
                **structure,
                **{name: json.dumps(values) for name, values in record.made_with.items()},
                "record": origin,
                "record_path": kept_at,
            }
        ]
    )
    yield table_result(
        structures,
        "generated.structures",
        data_version=content_sha256(structures.drop(columns=["seconds", "record"])),
        metadata={
            "verdict": _verdict(record),
            "record": origin,
            **({"files": file_metadata(kept_at)} if kept_at else {}),
            "plot_structure": figure_metadata(crystal_drawings(structures), "Structure"),
        },
    )
    yield table_result(
        record.candidates,
        "generated.search_history",
        data_version=content_sha256(record.candidates.drop(columns="seconds")),
        metadata={
            "plot_enthalpy": figure_metadata(
                enthalpy_by_generation(record.candidates), "Enthalpy by generation"
            ),
            "plot_operators": figure_metadata(
                enthalpy_changes(record.candidates), "Enthalpy change by operator"
            ),
        },
    )
    yield table_result(
        record.dynamics,
        "generated.dynamics",
        metadata={"plot_ambient": figure_metadata(ambient_run(record.dynamics), "300 K, 1 atm")},
    )
    yield table_result(validation_table(structures, record.dynamics), "generated.validation")


def _search_and_validate(
    context: dg.AssetExecutionContext,
    config: SearchConfig,
    working: Path,
    composition: dict[str, Any],
    known: tuple[pd.DataFrame, pd.DataFrame],
    blob_root: UPath,
) -> Record:
    """Search in a working folder, going on where a killed run stopped, and report to log and UI."""
    import torch

    from sse_assets.generation import search_composition
    from sse_assets.generation.cost import least_cpu_hours
    from sse_assets.generation.structures import NO_STARTING_CELLS, planned_searches

    formula, processes = composition["cell_formula"], config.processes or os.cpu_count() or 1
    search, validation = config.search_settings(), config.validation_settings()
    starting_cells = NO_STARTING_CELLS
    if search.prototypes:
        earlier: Iterable[Any] = (blob_root / SCHEMA).glob("*/*")  # UPath has what is used of Traversable
        library = cache(lambda: library_for_searches(*known, [SHIPPED, *earlier], without=formula))
        starting_cells = cells_from(library, {formula: family_of(composition, known[0])})
    searches = planned_searches(formula, search, working, starting_cells)
    hours = least_cpu_hours(searches, validation)
    if hours > _HOURS_OF_A_CLICK:
        refuse_unless_asked_for(
            context, SEARCH_STRUCTURES, f"the search for {formula} takes {hours:.1f} core hours or more"
        )
    if not torch.cuda.is_available() and hours / processes > _HOURS_WORTH_A_WARNING:
        context.log.warning(
            f"{formula}: no GPU here; on {processes} CPU processes at least {hours / processes:.0f} h. It "
            "can be stopped at any time: the next run goes on from there."
        )
    return search_composition(
        formula,
        working,
        search,
        validation,
        processes=processes,
        progress=_followed(context),
        dynamics_progress=_dynamics_followed(context),
        starting_cells=starting_cells,
    )


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


def _followed(context: dg.AssetExecutionContext) -> "Callable[[Progress], None]":
    """Return a callback that reports a search: a line in the log, and the enthalpy as an observation."""
    best: dict[tuple[str, int], float] = {}

    def show(progress: "Progress") -> None:
        rows = [(*name, enthalpy, None) for name, enthalpy in best.items()]
        columns = ["search", "generation", "enthalpy_ev_per_atom", "failure"]
        context.log_event(
            dg.AssetObservation(
                dg.AssetKey([SCHEMA, "structures"]),
                partition=context.partition_key,
                metadata={
                    "progress": str(progress),
                    "plot_enthalpy": figure_metadata(
                        enthalpy_by_generation(pd.DataFrame(rows, columns=columns)), "Enthalpy by generation"
                    ),
                },
            )
        )

    say = at_most_every(_SECONDS_BETWEEN_LINES, lambda progress: context.log.info(str(progress)))
    draw = at_most_every(_SECONDS_BETWEEN_CURVES, show)

    def followed(progress: "Progress") -> None:
        if isfinite(progress.best_ev_per_atom):
            best[progress.plan.name, progress.generation - 1] = progress.best_ev_per_atom
        say(progress)
        draw(progress)

    return followed


def _dynamics_followed(context: dg.AssetExecutionContext) -> "Callable[[str, int, int], None]":
    """Return a callback that reports how far each run of dynamics is."""
    runs: dict[str, Callable[[int, int], None]] = {}

    def followed(name: str, done: int, total: int) -> None:
        what = f"{context.partition_key}, dynamics under {name} conditions, steps"
        runs.setdefault(name, report_progress(context.log, what))(done, total)

    return followed
