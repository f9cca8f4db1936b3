"""Group `descriptors`: the numbers and texts by which models see a composition and its crystal."""

import os
from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sse_assets.assets.settings_by_step import PoreSettingsOfStep
from sse_assets.curation.electrolytes import with_cells
from sse_assets.descriptors.cell import cell
from sse_assets.descriptors.chemistry import chemistry
from sse_assets.descriptors.crystals import read_crystals
from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pore_settings import PoreSettings
from sse_assets.descriptors.pores import KeptVoids
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.descriptors.symmetry_and_disorder import symmetry_and_disorder
from sse_assets.language_models.prompts import SYSTEM_PROMPT, prompt_table
from sse_assets.orchestration.io import table_asset, table_ins, table_outs, table_result
from sse_assets.orchestration.launchpad import StepConfig
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.step_settings import with_values_of
from sse_assets.orchestration.tables import TableKey, TableStore

GROUP = "descriptors"
_CODE_VERSION = "4"
_ELECTROLYTES = table_ins("curated.electrolytes")


class PoreConfig(PoreSettingsOfStep, StepConfig):
    """Settings of Zeo++, which probes the void of a crystal; the paper gives no radius."""


@table_asset(
    "descriptors.stoichiometric",
    "Atomic fraction of each element.",
    _ELECTROLYTES,
    code_version=_CODE_VERSION,
)
def stoichiometric_descriptors(electrolytes: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Return one column for each element."""
    return table_result(stoichiometric(with_cells(electrolytes)))


@table_asset(
    "descriptors.chemistry",
    "Thirteen numbers that say what kind of compound a composition is, whichever elements make it up.",
    _ELECTROLYTES,
    code_version=_CODE_VERSION,
)
def chemistry_descriptors(electrolytes: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Describe every composition."""
    return table_result(chemistry(electrolytes))


@table_asset(
    "descriptors.cell",
    "What the cell says whichever cell is chosen: room, shape, symmetry; where it is not known, as a "
    "trusted prototype has it, or imputed from the composition.",
    table_ins("curated.electrolytes", "curated.structures", "generated.prototypes"),
    code_version="5",
)
def cell_descriptors(
    electrolytes: pd.DataFrame, structures: pd.DataFrame, prototypes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Describe every cell; one that cannot be described is imputed, and its note says why."""
    crystals, unreadable = read_crystals(structures)
    placed, unreadable_placed = read_crystals(prototypes[prototypes["trusted"]])
    table, unusable = cell(
        electrolytes,
        {electrolyte_id: crystal.structure for electrolyte_id, crystal in crystals.items()},
        prototypes={electrolyte_id: crystal.structure for electrolyte_id, crystal in placed.items()},
    )
    notes: dict[str, str] = {}
    for failure in [*unreadable, *unreadable_placed, *unusable]:
        notes[failure.electrolyte_id] = "; ".join(
            filter(None, [notes.get(failure.electrolyte_id), failure.reason])
        )
    origins = table["cell_origin"].value_counts()
    return table_result(
        table.assign(cell_note=table["electrolyte_id"].map(notes)),
        metadata={f"from_{origin}": int(count) for origin, count in origins.items()},
    )


@dg.multi_asset(
    name="describe_crystals",
    ins=table_ins("curated.electrolytes", "curated.structures"),
    outs=table_outs(
        GROUP,
        {
            "geometric": "Unit cell (Å), density (g/cm³) and void volumes (cm³/g, Zeo++).",
            "voids": "Answers of Zeo++ by what was probed; the next run asks only what is new.",
            "symmetry_and_disorder": "Space group, point group and shared or partly empty sites.",
            "failures": "Descriptors that could not be computed, each with its reason.",
        },
        code_version=_CODE_VERSION,
        kinds={"geometric": "zeo"},
    ),
)
def crystal_descriptors(
    context: dg.AssetExecutionContext,
    config: PoreConfig,
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    structures: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Describe every crystal; one that cannot be described costs its own values and a line in `failures`."""
    electrolytes = with_cells(electrolytes)
    kept = KeptVoids(_earlier_voids(settings))
    geometry, geometric_failures = geometric(
        electrolytes,
        structures,
        with_values_of(config, PoreSettings()),
        workers=os.cpu_count() or 1,
        progress=report_progress(context.log, "pore volumes, runs of Zeo++"),
        kept=kept,
    )
    yield table_result(
        geometry,
        "descriptors.geometric",
        metadata={"with_pore_volume": int(geometry["poav_cm3_g"].notna().sum())},
    )
    yield table_result(kept.table(), "descriptors.voids")
    symmetry, symmetry_failures = symmetry_and_disorder(electrolytes, structures)
    yield table_result(symmetry, "descriptors.symmetry_and_disorder")
    failures = pd.concat([geometric_failures, symmetry_failures], ignore_index=True).drop_duplicates()
    yield table_result(failures, "descriptors.failures")


def _earlier_voids(settings: Settings) -> pd.DataFrame | None:
    """Return the answers that the last run kept; read from the store, for no asset is an input of itself."""
    store, key = TableStore(settings.blob_root), TableKey(GROUP, "voids")
    return store.read(key) if store.version(key) else None


@table_asset(
    "descriptors.prompts",
    "The text that a language model reads and its right answer, in the paper's four cases (Tables 3 and 4).",
    table_ins("curated.electrolytes", "generated.prototypes"),
    kind="text",
    code_version="5",
)
def language_model_prompts(
    electrolytes: pd.DataFrame, prototypes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Write every prompt beside its labels, or say what is missing for it."""
    table = prompt_table(electrolytes, prototypes)
    written = table.groupby("case")[["prompt", "from_prototype"]].count()
    return table_result(
        table,
        metadata={
            "system_prompt": SYSTEM_PROMPT,
            **{f"prompts_{case}": int(count) for case, count in written["prompt"].items()},
            **{f"from_prototypes_{case}": int(count) for case, count in written["from_prototype"].items()},
        },
    )


descriptor_assets = [
    stoichiometric_descriptors,
    chemistry_descriptors,
    cell_descriptors,
    crystal_descriptors,
    language_model_prompts,
]
