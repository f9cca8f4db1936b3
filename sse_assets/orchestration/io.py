"""How Dagster hands tables from asset to asset: an asset's value is a frame, stored under the asset's key."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import pandas as pd
from upath import UPath

from sse_assets.orchestration.on_demand import is_optional
from sse_assets.orchestration.preview import markdown_table
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore, content_sha256
from sse_assets.orchestration.warehouse import bring_up_to_date

_PREVIEW_ROWS = 8


class TableIOManager(dg.IOManager):
    """Stores an asset's frame in the table named by its key, `[group, name]`, and reads it back.

    A partitioned asset has one stored frame for each partition; an asset downstream of all of them gets them
    stacked. What a person wants to see of a table comes with it: how many rows, what its columns mean, the
    first of them, and the file.
    """

    def __init__(
        self,
        settings: Settings,
        column_meaning: Callable[[str, str], str | None] = lambda table, column: None,
    ) -> None:
        """Store below the blob root of `settings`.

        Args:
            settings: where tables lie.
            column_meaning: of a table's name and a column's, what the column means and its unit, if known.
        """
        self._column_meaning = column_meaning
        self._store = TableStore(settings.blob_root)
        self._warehouse = None if settings.is_worker else settings.warehouse

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Write the frame; then, where it is, let the DuckDB copy catch up if nobody else holds it."""
        partition = context.partition_key if context.has_partition_key else None
        key = _table_key(context.asset_key, partition)
        version = self._store.write(key, obj)
        if self._warehouse:
            copied = bring_up_to_date(self._warehouse, self._store)
            if copied.waiting:
                context.log.debug(copied.waiting)
        rows = "dagster/row_count" if partition is None else "dagster/partition_row_count"
        context.add_output_metadata(
            {
                rows: len(obj),
                "dagster/column_schema": self._schema(f"{key.group}.{key.name}", obj),
                "preview": dg.MetadataValue.md(markdown_table(obj.head(_PREVIEW_ROWS))),
                "parquet": file_metadata(self._store.location(key) / version.file),
            }
        )

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read the upstream asset's frame."""
        partitions = context.asset_partition_keys if context.has_asset_partitions else [None]
        keys = [_table_key(context.asset_key, partition) for partition in partitions]
        if is_optional(context):
            keys = [key for key in keys if self._store.version(key)]
        frames = [self._store.read(key) for key in keys]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def _schema(self, table: str, frame: pd.DataFrame) -> dg.TableSchema:
        return dg.TableSchema(
            [
                dg.TableColumn(str(name), str(dtype), self._column_meaning(table, str(name)))
                for name, dtype in frame.dtypes.items()
            ]
        )


def table_result(
    frame: pd.DataFrame,
    *,
    key: dg.AssetKey | None = None,
    data_version: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult[pd.DataFrame]:
    """A frame as an asset's result.

    Args:
        frame: the asset's value.
        key: of the asset; needed where one step makes several.
        data_version: by default the hash of the frame's content.
        metadata: shown before the preview of the table and the path of its file.
    """
    return dg.MaterializeResult(
        asset_key=key,
        value=frame,
        data_version=dg.DataVersion(data_version or content_sha256(frame)),
        metadata=metadata,
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


def file_metadata(path: UPath) -> dg.PathMetadataValue:
    """Where a file or folder of the blob root lies: the UI shows it with a button that copies it."""
    return dg.MetadataValue.path(str(path))


def _table_key(asset_key: dg.AssetKey, partition: str | None = None) -> TableKey:
    group, name = asset_key.path
    return TableKey(group, name, partition)
