"""How Dagster hands tables from asset to asset: an asset's value is a frame, stored under the asset's key."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
import pandas as pd
from upath import UPath

from sse_assets.orchestration.on_demand import is_optional
from sse_assets.orchestration.preview import markdown_table
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore, content_sha256
from sse_assets.orchestration.warehouse import bring_up_to_date
from sse_assets.tables.catalogue import TABLES
from sse_assets.tables.declaration import Column, DeclarationError, Table

_PREVIEW_ROWS = 8


class TableIOManager(dg.IOManager):
    """Stores an asset's frame in the table named by its key, `[group, name]`, and reads it back.

    A partitioned asset has one stored frame for each partition; an asset downstream of all of them gets them
    stacked. A frame that breaks the declaration of its table is not stored. What a person wants to see of a
    table comes with it: how many rows, what its columns mean, the first of them, and the file.
    """

    def __init__(self, settings: Settings, declared: Mapping[str, Table] = TABLES) -> None:
        """Store below the blob root of `settings`, and hold each declared table to its declaration."""
        self._declared = declared
        self._store = TableStore(settings.blob_root)
        self._warehouse = None if settings.is_worker else settings.warehouse

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Write the frame; then, where it is, let the DuckDB copy catch up if nobody else holds it.

        Raises:
            dagster.Failure: if the frame breaks its declaration; another try would break it too.
        """
        partition = context.partition_key if context.has_partition_key else None
        key = _table_key(context.asset_key, partition)
        declared = self._declared.get(key.table)
        if declared is not None:
            obj = declared.with_dtypes(obj)
            try:
                declared.check(obj)
            except DeclarationError as error:
                raise dg.Failure(str(error), allow_retries=False) from error
        version = self._store.write(key, obj)
        if self._warehouse:
            copied = bring_up_to_date(self._warehouse, self._store, self._declared)
            if copied.waiting:
                context.log.debug(copied.waiting)
        rows = "dagster/row_count" if partition is None else "dagster/partition_row_count"
        context.add_output_metadata(
            {
                rows: len(obj),
                **({"dagster/column_schema": table_schema(declared, obj.columns)} if declared else {}),
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
        if keys:
            return pd.concat([self._store.read(key) for key in keys], ignore_index=True)
        declared = self._declared.get(_table_key(context.asset_key).table)
        return declared.frame() if declared is not None else pd.DataFrame()


def table_schema(declared: Table, names: Iterable[str] = ()) -> dg.TableSchema:
    """Return what the UI shows of a table's columns; of a pattern's columns, those that are named."""
    known = [*declared.names, *(name for name in names if name not in declared.names)]
    return dg.TableSchema([_table_column(declared.column(name)) for name in known])


def _table_column(column: Column) -> dg.TableColumn:
    allowed = [f"one of {', '.join(column.allowed)}"] if column.allowed else []
    return dg.TableColumn(
        column.name,
        column.kind.value,
        column.description,
        dg.TableColumnConstraints(nullable=column.optional, other=allowed),
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
