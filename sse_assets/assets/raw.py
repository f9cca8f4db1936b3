"""Group `raw`: each source as it was published, with the hash of what was read as its data version.

The computed crystals of other databases stand in the group `structures`, as they are looked up for what was
measured.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import dagster as dg
import pandas as pd

from sse_assets.orchestration.automation import NETWORK, try_again_later
from sse_assets.orchestration.inbox import LISTING_METADATA, dropped_files
from sse_assets.orchestration.io import table_asset, table_ins, table_outs, table_result
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
STRUCTURES = "structures"
INBOX = [dg.AssetKey([GROUP, name]) for name in ("inbox_measurements", "inbox_structures", "inbox_refused")]
"""Keys of the assets that read the inbox, all in one step."""
_CODE_VERSION = "2"
"""Version of the readers: when it is raised, the same file gives another data version."""
_INBOX_CODE_VERSION = "3"
"""3: file and line of each row."""


def raw_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the sources of a data set."""
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
    """Return the step that reads the inbox; its tables are empty when nothing lies there."""

    @dg.multi_asset(
        name="read_inbox",
        outs=table_outs(
            GROUP,
            {
                "inbox_measurements": "Measurements of one's own: every row of a CSV that can be read.",
                "inbox_structures": "The crystals that rows of the inbox name.",
                "inbox_refused": "Rows and files of the inbox that cannot be read, each with its reason.",
            },
            code_version=_INBOX_CODE_VERSION,
            kinds={"inbox_measurements": "csv", "inbox_structures": "cif"},
        ),
    )
    def read_inbox(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        dropped, listing = dropped_files(settings.blob_root)
        content = inbox.read_inbox(inbox.InboxFile(file.path, data, file.refused) for file, data in dropped)
        seen: dict[str, str | int] = {LISTING_METADATA: listing, "files": len(dropped)}
        shown = {"refused": len(content.refused), "reasons": _listed(content.refused["reason"])}
        yield table_result(content.measurements, "raw.inbox_measurements", metadata=seen)
        yield table_result(content.structures, "raw.inbox_structures", metadata=seen)
        yield table_result(content.refused, "raw.inbox_refused", metadata={**seen, **shown})

    return read_inbox


def published_sources(dataset: Dataset) -> tuple[Source, ...]:
    """Return licence, citation and hash of everything that a data set is made from, for the report."""
    if dataset is Dataset.SAMPLE:
        return (Source("Embedded sample", sample.LICENCE, "this project", sample.content_sha256()),)
    providers = (optimade.MATERIALS_PROJECT, optimade.OQMD)
    return (
        *(Source(file.mirror_path, file.licence, file.citation, file.sha256) for file in ALL_FILES),
        *(Source(provider.name, provider.licence, provider.citation, "") for provider in providers),
    )


def _published(
    name: str, description: str, files: list[RemoteFile], read: Callable[..., pd.DataFrame]
) -> dg.AssetsDefinition:
    """Return a source that is one or more files with pinned hashes."""
    pinned = "+".join(file.sha256 for file in files)

    @table_asset(
        f"raw.{name}",
        description,
        kind="csv" if files[0].mirror_path.endswith(".csv") else "cif",
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
                "upstream": _listed(f"[{file.mirror_path}]({file.url})" for file in files),
                "read_from": "downloads" if paths[0].is_relative_to(settings.downloads) else "the mirror",
            },
        )

    return source


def _embedded(name: str, description: str, load: Callable[[], pd.DataFrame]) -> dg.AssetsDefinition:
    """Return a part of the sample that ships with the project."""
    content = sample.content_sha256()

    @table_asset(
        f"raw.{name}",
        description,
        kind="csv" if "measurements" in name else "cif",
        code_version=f"{_CODE_VERSION}-{content[:12]}",
    )
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(load(), data_version=f"{content}-v{_CODE_VERSION}")

    return source


def _reference_structures(settings: Settings) -> dg.AssetsDefinition:
    snapshot = settings.data_mirror / recorded.FOLDER if settings.data_mirror else None
    is_recorded = snapshot is not None and (snapshot / recorded.INDEX).is_file()
    # It is stale when the snapshot changes, or when a snapshot takes the place of the network.
    version = "optimade"
    if snapshot and is_recorded:
        version = hashlib.sha256((snapshot / recorded.INDEX).read_bytes()).hexdigest()[:12]

    @table_asset(
        "raw.reference_structures",
        "Computed crystals of the Materials Project and OQMD for compositions of which only the formula is "
        "known, from the mirror's recorded snapshot or, where there is none, through OPTIMADE.",
        table_ins("curated.measurements"),
        group=STRUCTURES,
        kind="cif",
        tags=NETWORK,
        code_version=f"{_CODE_VERSION}-{version}",
    )
    def reference_structures(
        context: dg.AssetExecutionContext, measurements: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        alone = measurements["a"].isna() & measurements["repeats"].isna()
        wanted = measurements.loc[alone, "formula"].unique().tolist()
        found: References
        if snapshot and is_recorded:
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
                "warnings": _listed(found.warnings),
            },
        )

    return reference_structures


def _listed(items: Iterable[str]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {item}" for item in items) or "none")
