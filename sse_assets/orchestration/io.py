"""How Dagster hands tables from asset to asset: an asset's value is a frame, stored under the asset's key."""

from collections.abc import Mapping

import dagster as dg
import pandas as pd
from dagster._core.definitions.metadata import RawMetadataMapping

from sse_assets.orchestration.on_demand import is_optional
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore, content_sha256
from sse_assets.orchestration.warehouse import bring_up_to_date

_PREVIEW_ROWS = 8
_PREVIEW_CHARACTERS = 60


class TableIOManager(dg.IOManager):
    """Stores an asset's frame in the table named by its key, `[group, name]`, and reads it back.

    A partitioned asset has one stored frame for each partition; an asset downstream of all of them gets them
    stacked.
    """

    def __init__(self, settings: Settings) -> None:
        self._store = TableStore(settings.blob_root)
        self._warehouse = None if settings.is_worker else settings.warehouse

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Write the frame; then, where it is, let the DuckDB copy catch up if nobody else holds it."""
        partition = context.partition_key if context.has_partition_key else None
        key = _table_key(context.asset_key, partition)
        self._store.write(key, obj)
        if self._warehouse:
            copied = bring_up_to_date(self._warehouse, self._store)
            if copied.waiting:
                context.log.debug(copied.waiting)
        context.add_output_metadata({"parquet": str(self._store.location(key)), "table": str(key)})

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read the upstream asset's frame."""
        partitions = context.asset_partition_keys if context.has_asset_partitions else [None]
        keys = [_table_key(context.asset_key, partition) for partition in partitions]
        if is_optional(context):
            keys = [key for key in keys if self._store.version(key)]
        frames = [self._store.read(key) for key in keys]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def table_result(
    frame: pd.DataFrame,
    *,
    key: dg.AssetKey | None = None,
    data_version: str | None = None,
    metadata: RawMetadataMapping | None = None,
) -> dg.MaterializeResult[pd.DataFrame]:
    """A frame as an asset's result, with what a person wants to see of it.

    Args:
        frame: the asset's value.
        key: of the asset; needed where one step makes several.
        data_version: by default the hash of the frame's content.
        metadata: shown beside row count, columns and a preview.
    """
    return dg.MaterializeResult(
        asset_key=key,
        value=frame,
        data_version=dg.DataVersion(data_version or content_sha256(frame)),
        metadata={
            "dagster/row_count": len(frame),
            "dagster/column_schema": _schema(frame),
            "preview": dg.MetadataValue.md(markdown_preview(frame)),
            **(metadata or {}),
        },
    )


def table_out(
    group: str,
    name: str,
    description: str,
    *,
    code_version: str,
    kind: str = "table",
    tags: Mapping[str, str] | None = None,
) -> dg.AssetOut:
    """One of several tables that a step makes."""
    return dg.AssetOut(
        key=[group, name],
        group_name=group,
        description=description,
        kinds={kind},
        code_version=code_version,
        tags=tags,
    )


def _schema(frame: pd.DataFrame) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(str(name), str(dtype)) for name, dtype in frame.dtypes.items()])


def markdown_preview(frame: pd.DataFrame, rows: int = _PREVIEW_ROWS) -> str:
    """The first rows as a Markdown table, long cells cut short."""

    def cell(value: object) -> str:
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        text = " ".join(text.split()).replace("|", "\\|")
        return text if len(text) <= _PREVIEW_CHARACTERS else text[: _PREVIEW_CHARACTERS - 1] + "…"

    header = [str(column) for column in frame.columns]
    body = [[cell(value) for value in row] for row in frame.head(rows).itertuples(index=False)]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _table_key(asset_key: dg.AssetKey, partition: str | None = None) -> TableKey:
    group, name = asset_key.path
    return TableKey(group, name, partition)
