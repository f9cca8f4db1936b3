"""Groups `measured` and `curated`: labels, then crystals, and the rows that were refused."""

import hashlib
from collections.abc import Iterator
from functools import partial

import dagster as dg
import pandas as pd

from sse_assets.curation.electrolytes import (
    STRUCTURE_FOLDER,
    curate_electrolytes,
    with_cells,
    with_crystals,
    with_prototypes,
)
from sse_assets.curation.inbox_answers import inbox_answers, own_first, summaries
from sse_assets.curation.measurements import curate_measurements
from sse_assets.materials.remarks import CODE_SEPARATOR
from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.io import file_metadata, table_asset, table_ins, table_outs, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.report.dataset_figures import class_histogram, element_heat_map, partial_occupancy
from sse_assets.tables import curated, raw
from sse_assets.tables.names import Outcome, Source, StructureOrigin

GROUP = "curated"
MEASURED = "measured"
"""Group of what comes before the search for structures, which needs the measured compositions."""
_CODE_VERSION = "7"

_MEASUREMENTS = {
    Dataset.SAMPLE: ["sample_measurements", "inbox_measurements"],
    Dataset.OBELIX: ["obelix_measurements", "liion_measurements", "inbox_measurements"],
}
STRUCTURE_SOURCES = {
    Dataset.SAMPLE: ["sample_structures", "inbox_structures"],
    Dataset.OBELIX: ["obelix_structures", "reference_structures", "inbox_structures"],
}
"""Raw assets that hold crystals, measured or computed."""
GENERATED_LICENCE = "computed by this project"


def searched_sources(dataset: Dataset) -> tuple[Source, ...]:
    """Return the sources whose rows take a structure that the search found.

    On the sample the search has the size of a demonstration, and says nothing of a person's own material.
    """
    return (Source.SAMPLE,) if dataset is Dataset.SAMPLE else tuple(Source)


def curated_assets(dataset: Dataset) -> list[dg.AssetsDefinition]:
    """Return the steps that curate the sources of a data set."""
    return [_measurements(_MEASUREMENTS[dataset]), _joined(dataset), electrolytes, inbox]


def _measurements(sources: list[str]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="curate_measurements",
        ins=table_ins(*(f"raw.{source}" for source in [*sources, "inbox_refused"])),
        outs=table_outs(
            GROUP,
            {
                "measurements": "Room-temperature conductivities of charge-balanced Li compounds.",
                "rejected_measurements": "Reported rows that are not learned from, each with its reason.",
            },
            group=MEASURED,
            code_version=_CODE_VERSION,
        ),
    )
    def measurements(**reported: pd.DataFrame) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        rows = pd.concat([reported[source] for source in sources], ignore_index=True)
        accepted, rejected = curate_measurements(rows)
        yield table_result(accepted, "curated.measurements")
        yield table_result(
            own_first(curated.REJECTED_MEASUREMENTS.frame(pd.concat([reported["inbox_refused"], rejected]))),
            "curated.rejected_measurements",
            metadata={"reported_rows": len(rows) + len(reported["inbox_refused"])},
        )

    return measurements


def _joined(dataset: Dataset) -> dg.AssetsDefinition:
    official = ["obelix_official_split"] if dataset is Dataset.OBELIX else []

    @dg.multi_asset(
        name="join_crystals",
        ins=table_ins(*(f"raw.{name}" for name in [*STRUCTURE_SOURCES[dataset], *official]))
        | table_ins("curated.measurements", "curated.rejected_measurements")
        | table_ins("generated.structures", optional=True),
        outs=table_outs(
            GROUP,
            {
                "joined": "Every electrolyte that is learned from: label, composition, family, cell, known "
                "crystal. The types that it may be placed in come next.",
                "structures": "The crystal of each electrolyte that has one, as CIF text and as a file.",
                "rejected": "Every reported row and structure that is not used, each with its reason.",
            },
            code_version=_CODE_VERSION,
        ),
    )
    def joined(
        settings: dg.ResourceParam[Settings], **inputs: pd.DataFrame
    ) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        sources = [inputs[name] for name in STRUCTURE_SOURCES[dataset]]
        structures = pd.concat([*sources, _that_hold(inputs["structures"])], ignore_index=True)
        roles = {
            f"obelix:{source_id}": role
            for name in official
            for source_id, role in zip(inputs[name]["source_id"], inputs[name]["role"], strict=True)
        }
        made = curate_electrolytes(inputs["measurements"], structures, roles, searched_sources(dataset))
        for path, cif in zip(made.structures["structure_path"], made.structures["cif"], strict=True):
            write_bytes(settings.blob_root / path, cif.encode())
        yield table_result(made.electrolytes, "curated.joined")
        yield table_result(
            made.structures,
            "curated.structures",
            metadata={"cif_files": file_metadata(STRUCTURE_FOLDER)},
        )
        rejected = pd.concat([inputs["rejected_measurements"], made.rejected], ignore_index=True)
        yield table_result(own_first(rejected), "curated.rejected")

    return joined


@table_asset(
    "curated.electrolytes",
    "Every electrolyte that is learned from, with the trusted prototype of each that has no crystal.",
    table_ins("curated.joined", "generated.prototypes"),
    code_version=_CODE_VERSION,
)
def electrolytes(
    settings: dg.ResourceParam[Settings], joined: pd.DataFrame, prototypes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Name prototypes beside crystals; no cell and no symmetry is changed by them."""
    table = with_prototypes(joined, prototypes)
    described, kept = with_cells(table), kept_in(settings.blob_root)
    origins = table["structure_origin"].fillna("none").value_counts()
    return table_result(
        table,
        metadata={
            "structures_by_origin": ", ".join(f"{name} {count}" for name, count in origins.items()),
            "formula_only": int(table["formula_only"].sum()),
            "censored_labels": int(table["censored"].sum()),
            "families": int(table["family"].nunique()),
            "plot_elements": figure_metadata(partial(element_heat_map, described), "Elements", kept),
            "plot_classes": figure_metadata(
                partial(class_histogram, described), "Conductivity classes", kept
            ),
            "plot_disorder": figure_metadata(
                partial(partial_occupancy, described), "Partial occupancies", kept
            ),
        },
    )


def _that_hold(generated: pd.DataFrame) -> pd.DataFrame:
    """Return the structures that a search evolved and that held, in the columns of a source.

    An ordered cell of a prototype stays out: it has lost the disorder that the prototype itself keeps, and
    trees that read it err more (docs/structures.md).
    """
    rows = generated[generated["valid"] & generated["parent_id"].isna()]
    return raw.REFERENCE_STRUCTURES.frame(
        [
            {
                "origin": StructureOrigin.GENERATED.value,
                "structure_id": f"{StructureOrigin.GENERATED}:{row['formula']}",
                "source_id": None,
                "formula": row["measured_formula"],
                "cif": row["cif"],
                "sha256": hashlib.sha256(row["cif"].encode()).hexdigest(),
                "licence": GENERATED_LICENCE,
                "provenance": f"evolutionary search with CHGNet, {row['record']}",
            }
            for row in rows.to_dict("records")
        ]
    )


@table_asset(
    "curated.inbox",
    "What became of each row and file of the inbox, whichever step decided it.",
    table_ins("raw.inbox_measurements", "raw.inbox_refused", "curated.electrolytes", "curated.rejected"),
    code_version="1",
)
def inbox(
    inbox_measurements: pd.DataFrame,
    inbox_refused: pd.DataFrame,
    electrolytes: pd.DataFrame,
    rejected: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Answer the person who left the files."""
    answers = inbox_answers(inbox_measurements, inbox_refused, electrolytes, rejected)
    told = "\n".join(f"- {sentence}" for sentence in summaries(answers)) or "The inbox is empty."
    lost = answers[answers["outcome"] != Outcome.ACCEPTED]
    return table_result(answers, metadata={"answer": dg.MetadataValue.md(told), "not_used": len(lost)})


@dg.asset_check(
    asset=dg.AssetKey([GROUP, "inbox"]),
    description="Every row that somebody left in the inbox is learned from.",
)
def inbox_rows_are_used(inbox: pd.DataFrame) -> dg.AssetCheckResult:
    """Warn of each file with a row that is not."""
    lost = inbox[inbox["outcome"] != Outcome.ACCEPTED]
    told = summaries(inbox[inbox["file"].isin(lost["file"])])
    return dg.AssetCheckResult(
        passed=lost.empty,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"not_used": len(lost)},
        description=" ".join(told) or f"All {len(inbox)} rows of the inbox are learned from.",
    )


@dg.asset_check(
    asset=dg.AssetKey([GROUP, "electrolytes"]),
    description="Ids are unique, labels are finite, structures have their files and prototypes their costs.",
)
def electrolytes_are_sound(electrolytes: pd.DataFrame) -> dg.AssetCheckResult:
    """Check what every table downstream takes for granted."""
    is_prototype = electrolytes["structure_origin"] == StructureOrigin.PROTOTYPE
    problems = {
        "repeated_ids": int(electrolytes["electrolyte_id"].duplicated().sum()),
        "labels_missing": int(electrolytes["log10_sigma"].isna().sum()),
        "structures_without_file": int(
            (electrolytes["structure_origin"].notna() != electrolytes["structure_path"].notna()).sum()
        ),
        "prototypes_without_evidence": int(
            (is_prototype != electrolytes[["cost_per_anion", "parent_id"]].notna().all(axis="columns")).sum()
        ),
    }
    return dg.AssetCheckResult(
        passed=not any(problems.values()),
        metadata=problems,
        description=(
            f"Of {len(electrolytes)} electrolytes, {problems['repeated_ids']} have an id that another has, "
            f"{problems['labels_missing']} no label, {problems['structures_without_file']} a structure "
            f"without file and {problems['prototypes_without_evidence']} a prototype without cost or parent."
        ),
    )


@dg.asset_check(
    asset=dg.AssetKey([GROUP, "electrolytes"]),
    description="Crystals fit what their files and their rows say of them.",
)
def crystals_fit_their_files(electrolytes: pd.DataFrame) -> dg.AssetCheckResult:
    """Count the remarks of the reader of crystals by kind; their sentences stand in `structure_note`."""
    remarked = electrolytes["structure_remarks"].dropna()
    counts = remarked.str.split(CODE_SEPARATOR).explode().value_counts()
    return dg.AssetCheckResult(
        passed=remarked.empty,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={str(code): int(count) for code, count in counts.items()},
        description=(
            f"Of {len(with_crystals(electrolytes))} crystals, {len(remarked)} have a remark: "
            "see structure_note in curated.electrolytes."
        ),
    )
