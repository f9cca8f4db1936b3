"""Group `raw`: each source as it was published, with the hash of what was read as its data version."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pandas as pd

from sse_assets.orchestration.automation import NETWORK, try_again_later
from sse_assets.orchestration.inbox import LISTING_METADATA, dropped_files
from sse_assets.orchestration.io import table_out, table_result
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.sources import inbox, liion, obelix, optimade, recorded, sample
from sse_assets.sources.columns import References, UnreachableError
from sse_assets.sources.download import fetch
from sse_assets.sources.registry import (
    ALL_FILES,
    LIION_TABLE,
    OBELIX_CIFS,
    OBELIX_TABLE,
    OBELIX_TEST_IDS,
    OBELIX_TRAIN_IDS,
    RemoteFile,
    Source,
)

GROUP = "raw"
INBOX = [dg.AssetKey([GROUP, name]) for name in ("inbox_measurements", "inbox_structures", "inbox_refused")]
"""The assets that read the inbox, all in one step."""
_CODE_VERSION = "2"
"""Of the readers: what they make of the same file is another data version when this is raised."""


def raw_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The sources of a data set."""
    match settings.dataset:
        case Dataset.SAMPLE:
            return [
                _embedded("sample_measurements", "The embedded sample's table.", sample.load_measurements),
                _embedded("sample_structures", "The embedded sample's crystals.", sample.load_structures),
            ]
        case Dataset.OBELIX:
            return [
                _published(
                    "obelix_measurements",
                    "OBELiX: 599 room-temperature conductivities with their unit cells.",
                    [OBELIX_TABLE],
                    obelix.read_measurements,
                ),
                _published(
                    "obelix_structures",
                    "OBELiX: 321 crystal structures, with noise that its authors added to the positions.",
                    [OBELIX_CIFS],
                    obelix.read_structures,
                ),
                _published(
                    "obelix_official_split",
                    "OBELiX's own train and test rows.",
                    [OBELIX_TRAIN_IDS, OBELIX_TEST_IDS],
                    obelix.read_official_split,
                ),
                _published(
                    "liion_measurements",
                    "Liverpool Ionics Dataset: 820 conductivities at 5 to 873 °C, formulas without crystals.",
                    [LIION_TABLE],
                    liion.read_measurements,
                ),
                _reference_structures(settings),
            ]


def inbox_assets() -> dg.AssetsDefinition:
    """What a person left in the inbox; empty tables when there is nothing."""

    @dg.multi_asset(
        name="read_inbox",
        outs={
            "inbox_measurements": table_out(
                GROUP,
                "inbox_measurements",
                "Measurements of one's own: the rows of every CSV in the inbox that can be read.",
                code_version=_CODE_VERSION,
                kind="csv",
            ),
            "inbox_structures": table_out(
                GROUP,
                "inbox_structures",
                "The crystals that rows of the inbox name.",
                code_version=_CODE_VERSION,
                kind="cif",
            ),
            "inbox_refused": table_out(
                GROUP,
                "inbox_refused",
                "Rows and files of the inbox that cannot be read, each with its reason.",
                code_version=_CODE_VERSION,
            ),
        },
    )
    def read_inbox(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        dropped, listing = dropped_files(settings.blob_root)
        content = inbox.read_inbox(inbox.InboxFile(file.path, data, file.refused) for file, data in dropped)
        seen: dict[str, str | int] = {LISTING_METADATA: listing, "files": len(dropped)}
        reasons = dg.MetadataValue.md("\n".join(f"- {r}" for r in content.refused["reason"]) or "none")
        yield table_result(
            content.measurements, key=INBOX[0], metadata={**seen, "refused": len(content.refused)}
        )
        yield table_result(content.structures, key=INBOX[1], metadata=seen)
        yield table_result(content.refused, key=INBOX[2], metadata={**seen, "reasons": reasons})

    return read_inbox


def published_sources(dataset: Dataset) -> tuple[Source, ...]:
    """Licence, citation and hash of everything that a data set is made from, for the report."""
    if dataset is Dataset.SAMPLE:
        return (Source("Embedded sample", sample.LICENCE, "this project", sample.content_sha256()),)
    computed = tuple(
        Source(provider.name, provider.licence, provider.citation, "")
        for provider in (optimade.MATERIALS_PROJECT, optimade.OQMD)
    )
    return (
        *(Source(file.mirror_path, file.licence, file.citation, file.sha256) for file in ALL_FILES),
        *computed,
    )


def _published(
    name: str, description: str, files: list[RemoteFile], read: Callable[..., pd.DataFrame]
) -> dg.AssetsDefinition:
    """A source that is one or more files with pinned hashes."""
    pinned = "+".join(file.sha256 for file in files)

    @dg.asset(
        key=[GROUP, name],
        group_name=GROUP,
        description=description,
        kinds={"csv" if files[0].mirror_path.endswith(".csv") else "cif"},
        tags=NETWORK,
        # The files are pinned by hash, so nothing is stale until a pin changes.
        code_version=f"{_CODE_VERSION}-{hashlib.sha256(pinned.encode()).hexdigest()[:12]}",
    )
    def source(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
    ) -> dg.MaterializeResult[pd.DataFrame]:
        try:
            paths = [fetch(file, mirror=settings.data_mirror, cache=settings.downloads) for file in files]
        except UnreachableError as error:
            # Only this may pass by itself; a file with a wrong hash is as wrong in a minute.
            raise (try_again_later(context.run, context.retry_number) or error) from error
        return table_result(
            read(*paths),
            data_version=f"{pinned}-v{_CODE_VERSION}",
            metadata={
                "licence": files[0].licence,
                "citation": files[0].citation,
                "upstream": dg.MetadataValue.md("\n".join(f"- [{f.mirror_path}]({f.url})" for f in files)),
                "read_from": ", ".join(str(path) for path in paths),
            },
        )

    return source


def _embedded(name: str, description: str, load: Callable[[], pd.DataFrame]) -> dg.AssetsDefinition:
    """A part of the sample that ships with the project."""
    content = sample.content_sha256()

    @dg.asset(
        key=[GROUP, name],
        group_name=GROUP,
        description=description,
        kinds={"csv" if "measurements" in name else "cif"},
        code_version=f"{_CODE_VERSION}-{content[:12]}",
    )
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(load(), data_version=f"{content}-v{_CODE_VERSION}")

    return source


def _reference_structures(settings: Settings) -> dg.AssetsDefinition:
    snapshot = settings.data_mirror / recorded.FOLDER if settings.data_mirror else None
    recorded_index = snapshot / recorded.INDEX if snapshot else None

    @dg.asset(
        key=[GROUP, "reference_structures"],
        ins={"measurements": dg.AssetIn(["curated", "measurements"])},
        group_name=GROUP,
        description=(
            "Computed crystals of the Materials Project and OQMD, through OPTIMADE, for compositions of "
            "which nothing but the formula is known; from the mirror's recorded snapshot where there is one."
        ),
        kinds={"cif"},
        tags=NETWORK,
        code_version=_reference_version(recorded_index),
    )
    def reference_structures(
        context: dg.AssetExecutionContext, measurements: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        wanted = measurements.loc[measurements["a"].isna(), "formula"].unique().tolist()
        found: References
        if snapshot and recorded_index and recorded_index.is_file():
            found = recorded.read_snapshot(snapshot, wanted)
        else:
            found = optimade.query_references(
                wanted, progress=report_progress(context.log, "OPTIMADE queries")
            )
        for warning in found.warnings:
            context.log.warning(warning)
        return table_result(
            found.structures,
            metadata={
                "compositions_asked_for": len(wanted),
                "compositions_found": int(found.structures["formula"].nunique()),
                "warnings": dg.MetadataValue.md("\n".join(f"- {w}" for w in found.warnings) or "none"),
            },
        )

    return reference_structures


def _reference_version(recorded_index: Path | None) -> str:
    """Stale when the snapshot changes, or when a snapshot takes the place of the network."""
    source = "optimade"
    if recorded_index and recorded_index.is_file():
        source = hashlib.sha256(recorded_index.read_bytes()).hexdigest()[:12]
    return f"{_CODE_VERSION}-{source}"
