"""Group `structures`: crystals for compositions of which only the formula is known (paper, II.B, III.B).

Each composition is a partition. Its search is made on demand, for it takes an hour of a CPU or more. Where
the project ships the record of a search, that record is taken.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
from matplotlib.figure import Figure
from upath import UPath

from sse_assets.assets.curated import STRUCTURE_SOURCES, searched_sources
from sse_assets.assets.raw import STRUCTURES
from sse_assets.assets.search_inputs import (
    cells_from,
    compositions_without_structure,
    family_of,
    library_for_searches,
)
from sse_assets.assets.search_settings import SearchSettingsOfStep, SmokeSearchSettingsOfStep
from sse_assets.generation.records import SHIPPED, Record, read_record, settings_id, shipped_formulas
from sse_assets.generation.stability import validation_table
from sse_assets.kept import Kept
from sse_assets.orchestration.blobs import publish_folder, write_bytes
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.gpu import GPU_POOL, GPU_TAGS, waiting_for_gpu_memory
from sse_assets.orchestration.io import file_metadata, table_ins, table_outs, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.launchpad import StepConfig
from sse_assets.orchestration.on_demand import ON_DEMAND, refuse_unless_asked_for
from sse_assets.orchestration.progress import at_most_every, report_progress
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.orchestration.tables import content_sha256
from sse_assets.report.generation_figures import (
    ambient_run,
    crystal_drawings,
    enthalpy_by_generation,
    enthalpy_changes,
)
from sse_assets.tables import generated
from sse_assets.tables.names import Source

if TYPE_CHECKING:  # it imports torch, which takes seconds
    from sse_assets.generation.progress import Progress
    from sse_assets.generation.structures import StartingCells

SCHEMA = "generated"
SEARCH_STRUCTURES = "search_structures"
"""Name of the job that searches."""
THIS_RUN, EARLIER_RUN, SHIPPED_RECORD = "this run", "an earlier run", "shipped with the project"
"""Where the record of a structure came from; that of a run lies below the blob root, with trajectories."""
_CODE_VERSION = "6"
_SECONDS_BETWEEN_CURVES = 30.0
_SECONDS_BETWEEN_LINES = 10.0
_HOURS_WORTH_A_WARNING = 1.0
_MINUTES_OF_A_CLICK = 6
"""Core minutes above which a search has to be asked for."""

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
    # Every run searches for the sample's rows. Their structures stay as they are, whatever lies in the inbox.
    with_inbox = Source.INBOX in searched_sources(dataset)
    begun_in = [name for name in sources if with_inbox or name != "inbox_structures"]
    return [_compositions(sources, dataset), _search(begun_in, _CONFIGS[dataset])]


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
        shipped = set(shipped_formulas()) & set(wanted["cell_formula"])
        # Those with a record stand side by side: one run takes them all, as a run takes a range.
        _keep_partitions(
            context.instance, sorted(wanted["cell_formula"], key=lambda name: name not in shipped)
        )
        yield table_result(
            wanted,
            "generated.compositions",
            metadata={"with_a_shipped_record": ", ".join(sorted(shipped)) or "none"},
        )
        yield table_result(refused, "generated.refused_compositions")

    return compositions


def _keep_partitions(instance: dg.DagsterInstance, formulas: list[str]) -> None:
    """Make these the partitions; the record of one that goes is kept, and read again when it comes back."""
    name = compositions_partitions.name
    assert name is not None
    there = set(instance.get_dynamic_partitions(name))
    instance.add_dynamic_partitions(name, [formula for formula in formulas if formula not in there])
    for gone in there - set(formulas):
        instance.delete_dynamic_partition(name, gone)


class SearchConfig(SearchSettingsOfStep, StepConfig):
    """Settings of a search, and of the dynamics in which its structure must hold."""


class SmokeSearchConfig(SmokeSearchSettingsOfStep, StepConfig):  # type: ignore[misc, valid-type]
    """Settings of the sample: so little work that it only shows that all parts run."""


_CONFIGS: dict[Dataset, type[StepConfig]] = {
    Dataset.SAMPLE: SmokeSearchConfig,
    Dataset.OBELIX: SearchConfig,
}

_OUTPUTS = {
    "structures": "The structure of lowest enthalpy of a composition, how it was found and whether it held.",
    "search_history": "Every candidate of every search: operator, parents, enthalpy, why it failed.",
    "dynamics": "Energy, temperature, pressure and volume of the structure along both runs of dynamics.",
    "validation": "Means over the second half of both runs, beside the relaxed structure.",
}


def _search(structure_sources: list[str], config_type: type[StepConfig]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="search_structure",
        ins=table_ins(
            "generated.compositions",
            "curated.measurements",
            *(f"raw.{source}" for source in structure_sources),
        ),
        outs=table_outs(
            SCHEMA,
            _OUTPUTS,
            group=STRUCTURES,
            code_version=_CODE_VERSION,
            kind="pytorch",
            tags=ON_DEMAND,
            partition_column="formula",
        ),
        partitions_def=compositions_partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
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


@dataclass(frozen=True)
class _Kept:
    """Record of a composition, and where it came from."""

    record: Record
    origin: str
    place: str | None
    """Folder with its trajectories below the blob root; None for a shipped record."""


def _find(
    context: dg.AssetExecutionContext,
    config: SearchSettingsOfStep,
    settings: Settings,
    compositions: pd.DataFrame,
    known: tuple[pd.DataFrame, pd.DataFrame],
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Take the records of compositions, search where there is none, and hand them on as tables."""
    formulas = list(context.partition_keys)
    rows = {row["cell_formula"]: row for row in compositions.to_dict("records")}
    gone = [formula for formula in formulas if formula not in rows]
    if gone:
        raise ValueError(
            f"no longer in generated.compositions: {', '.join(gone)}; these have a structure now, or are not "
            "measured"
        )
    identity = settings_id(config.search_settings(), config.validation_settings())
    places = {formula: settings.blob_root / SCHEMA / formula / identity for formula in formulas}
    found = {formula: kept for formula in formulas if (kept := _kept(config, places[formula], formula))}
    missing = {formula: rows[formula] for formula in formulas if formula not in found}
    stopped = {}
    if missing:
        working = settings.home / "working" / "structure_search"
        folders = {formula: working / formula / identity for formula in missing}
        for formula, record in _searched(context, config, folders, missing, known, settings.blob_root):
            if isinstance(record, Exception):
                stopped[formula] = record
                context.log.error(f"{formula}: {record}")
                continue
            place: Any = places[formula]
            publish_folder(folders[formula], place)
            for name, text in record.to_files().items():
                write_bytes(place / name, text.encode())
            shutil.rmtree(folders[formula])
            stored = read_record(place, formula)  # as the next run reads it
            assert stored is not None
            found[formula] = _Kept(stored, THIS_RUN, f"{SCHEMA}/{formula}/{identity}")
            context.log.info(f"{formula}: {_verdict(stored)}")
    if stopped:
        if len(formulas) == 1:
            raise next(iter(stopped.values()))
        raise dg.Failure(
            f"{len(stopped)} of {len(formulas)} compositions stopped: "
            + "; ".join(f"{formula}: {error}" for formula, error in stopped.items())
            + ". The records of the others are kept: start these again without them, which takes seconds"
        )
    in_order = {formula: found[formula] for formula in formulas}
    yield from _as_tables(context, kept_in(settings.blob_root), in_order, rows)


def _kept(config: SearchSettingsOfStep, place: Any, formula: str) -> _Kept | None:
    """Return the record that an earlier run left, or that ships with the project; None if there is none."""
    if config.search_again:
        return None
    record = read_record(place, formula)
    if record is not None:
        return _Kept(record, EARLIER_RUN, f"{SCHEMA}/{formula}/{place.name}")
    record = read_record(SHIPPED, formula) if _is_default(config) else None
    return _Kept(record, SHIPPED_RECORD, None) if record is not None else None


def _is_default(config: SearchSettingsOfStep) -> bool:
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
    context: dg.AssetExecutionContext,
    pictures: Kept,
    found: Mapping[str, _Kept],
    compositions: Mapping[str, dict[Any, Any]],
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    structures = generated.STRUCTURES.frame(
        [
            {
                "composition_key": compositions[formula]["composition_key"],
                "measured_formula": compositions[formula]["formula"],
                **kept.record.structure,
                **{name: json.dumps(values) for name, values in kept.record.made_with.items()},
                "record": kept.origin,
                "record_path": kept.place,
            }
            for formula, kept in found.items()
        ]
    )
    candidates, dynamics, validation = [], [], []
    for index, (formula, kept) in enumerate(found.items()):
        own = structures.iloc[[index]]
        candidates.append(kept.record.candidates)
        dynamics.append(kept.record.dynamics)
        validation.append(validation_table(own, kept.record.dynamics))
        if len(found) == 1 or kept.origin == THIS_RUN:
            _show(context, pictures, formula, kept, own)
    searched = pd.concat(candidates, ignore_index=True)
    yield table_result(
        structures,
        "generated.structures",
        data_version=content_sha256(structures.drop(columns=["seconds", "record"])),
    )
    yield table_result(
        searched,
        "generated.search_history",
        data_version=content_sha256(searched.drop(columns="seconds")),
    )
    yield table_result(pd.concat(dynamics, ignore_index=True), "generated.dynamics")
    yield table_result(pd.concat(validation, ignore_index=True), "generated.validation")


def _show(
    context: dg.AssetExecutionContext, pictures: Kept, formula: str, kept: _Kept, structure: pd.DataFrame
) -> None:
    """Show verdict and plots of one composition in the UI."""
    record = kept.record

    def plot(draw: "partial[Figure]", title: str) -> dg.MarkdownMetadataValue:
        return figure_metadata(draw, f"{title}, {formula}", pictures)

    shown: dict[str, dict[str, Any]] = {
        "structures": {
            "verdict": _verdict(record),
            "record": kept.origin,
            **({"files": file_metadata(kept.place)} if kept.place else {}),
            "plot_structure": plot(partial(crystal_drawings, structure), "Structure"),
        },
        "search_history": {
            "plot_enthalpy": plot(
                partial(enthalpy_by_generation, record.candidates), "Enthalpy by generation"
            ),
            "plot_operators": plot(
                partial(enthalpy_changes, record.candidates), "Enthalpy change by operator"
            ),
        },
        "dynamics": {"plot_ambient": plot(partial(ambient_run, record.dynamics), "300 K, 1 atm")},
    }
    for table, metadata in shown.items():
        context.add_asset_metadata(metadata, asset_key=[SCHEMA, table], partition_key=formula)


def _searched(
    context: dg.AssetExecutionContext,
    config: SearchSettingsOfStep,
    folders: Mapping[str, Path],
    compositions: Mapping[str, dict[Any, Any]],
    known: tuple[pd.DataFrame, pd.DataFrame],
    blob_root: UPath,
) -> "Iterator[tuple[str, Record | Exception]]":
    """Search in working folders, going on where a killed run stopped, and report to log and UI."""
    import torch

    from sse_assets.generation import search_compositions
    from sse_assets.generation.cost import least_cpu_hours
    from sse_assets.generation.structures import NO_STARTING_CELLS, planned_searches

    processes = config.processes or os.cpu_count() or 1
    search, validation = config.search_settings(), config.validation_settings()
    # UPath has what is used of Traversable.
    earlier: Iterable[Any] = [SHIPPED, *(blob_root / SCHEMA).glob("*/*")] if search.prototypes else ()
    # One for all that have no record, and one at a time for those that have: it is large.
    library = lru_cache(maxsize=2)(lambda without: library_for_searches(*known, earlier, without))
    own_records = {folder.parent.name for folder in earlier if folder is not SHIPPED} | {*shipped_formulas()}
    families = {formula: family_of(row, known[0]) for formula, row in compositions.items()}

    def starting_cells(formula: str) -> "StartingCells":
        if not search.prototypes:
            return NO_STARTING_CELLS
        without = formula if formula in own_records else None
        return cells_from(lambda: library(without), families)

    def least_hours(formula: str) -> float:
        try:
            planned = planned_searches(formula, search, folders[formula], starting_cells(formula))
        except Exception:  # noqa: BLE001  # the search of this composition meets it too, and says so
            return 0.0
        return least_cpu_hours(planned, validation)

    what = ", ".join(compositions) if len(compositions) < 4 else f"{len(compositions)} compositions"
    told = report_progress(context.log, "starting cells, compositions")
    hours = 0.0
    for number, formula in enumerate(compositions):
        told(number, len(compositions))
        hours += least_hours(formula)
        if 60 * hours > _MINUTES_OF_A_CLICK:  # a click is answered now, not when all cells are made
            refuse_unless_asked_for(
                context,
                SEARCH_STRUCTURES,
                f"the search for {what} takes more than {_MINUTES_OF_A_CLICK} core minutes",
            )
    if not torch.cuda.is_available() and hours / processes > _HOURS_WORTH_A_WARNING:
        context.log.warning(
            f"{what}: no GPU here; on {processes} CPU processes at least {hours / processes:.0f} h. It "
            "can be stopped at any time: the next run goes on from there."
        )
    return search_compositions(
        folders,
        search,
        validation,
        processes=processes,
        progress=_followed(context),
        dynamics_progress=_dynamics_followed(context),
        starting_cells=starting_cells,
    )


def _followed(context: dg.AssetExecutionContext) -> "Callable[[Progress], None]":
    """Return a callback that reports searches: a line in the log, and the enthalpies as observations."""
    best: dict[str, dict[tuple[str, int], float]] = {}
    drawn: dict[str, Callable[[Progress], None]] = {}

    def show(progress: "Progress") -> None:
        own = best.get(progress.plan.formula, {})
        rows = [(*name, enthalpy, None) for name, enthalpy in own.items()]
        columns = ["search", "generation", "enthalpy_ev_per_atom", "failure"]
        context.log_event(
            dg.AssetObservation(
                dg.AssetKey([SCHEMA, "structures"]),
                partition=progress.plan.formula,
                metadata={
                    "progress": str(progress),
                    "plot_enthalpy": figure_metadata(
                        partial(enthalpy_by_generation, pd.DataFrame(rows, columns=columns)),
                        "Enthalpy by generation",
                    ),
                },
            )
        )

    say = at_most_every(_SECONDS_BETWEEN_LINES, lambda progress: context.log.info(str(progress)))

    def followed(progress: "Progress") -> None:
        formula = progress.plan.formula
        if isfinite(progress.best_ev_per_atom):
            own = best.setdefault(formula, {})
            own[progress.plan.name, progress.generation - 1] = progress.best_ev_per_atom
        say(progress)
        drawn.setdefault(formula, at_most_every(_SECONDS_BETWEEN_CURVES, show))(progress)

    return followed


def _dynamics_followed(context: dg.AssetExecutionContext) -> "Callable[[str, str, int, int], None]":
    """Return a callback that reports how far each run of dynamics is."""
    runs: dict[tuple[str, str], Callable[[int, int], None]] = {}

    def followed(formula: str, name: str, done: int, total: int) -> None:
        what = f"{formula}, dynamics under {name} conditions, steps"
        runs.setdefault((formula, name), report_progress(context.log, what))(done, total)

    return followed
