"""How Dagster hands tables from asset to asset: an asset's value is a frame, stored under the asset's key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import dagster as dg
import pandas as pd

from sse_assets.orchestration.blobs import below
from sse_assets.orchestration.preview import markdown_table
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore, content_sha256
from sse_assets.orchestration.warehouse import bring_up_to_date
from sse_assets.tables.catalogue import TABLES
from sse_assets.tables.declaration import Column, DeclarationError, Table

_OPTIONAL: Mapping[str, bool] = {"optional": True}
_PREVIEW_ROWS = 8
_PARTITION_COLUMN = "partition_expr"
"""Name that Dagster has for the column that tells the partition of a row."""


class TableIOManager(dg.IOManager):
    """Store of assets: the frame of an asset lies in the table that its key names, `[schema, name]`.

    A partitioned asset has one stored frame for each partition. An asset downstream of all of them gets them
    stacked. A frame that breaks the declaration of its table is not stored. The UI shows of each table the
    number of its rows, the meaning of its columns, its first rows and its file.
    """

    def __init__(self, settings: Settings, declared: Mapping[str, Table] = TABLES) -> None:
        """Store below the blob root of `settings`, and hold each declared table to its declaration."""
        self._declared = declared
        self._blob_root = settings.blob_root
        self._store = TableStore(settings.blob_root)
        self.has_written = False

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Write the frame, or the rows of each partition that a step has made at once.

        Raises:
            dagster.Failure: if the frame breaks its declaration; another try would break it too.
        """
        partitions = [*context.asset_partition_keys] if context.has_asset_partitions else [None]
        table = _table_key(context.asset_key)
        declared = self._declared.get(table.table)
        if declared is not None:
            obj = declared.with_dtypes(obj)
            try:
                declared.check(obj)
            except DeclarationError as error:
                raise dg.Failure(str(error), allow_retries=False) from error
        for partition, rows in _by_partition(obj, partitions, (context.definition_metadata or {})):
            key = _table_key(context.asset_key, partition)
            version = self._store.write(key, rows)
            self.has_written = True
            file = file_metadata(below(self._blob_root, self._store.location(key) / version.file))
            if partition is None:
                context.add_output_metadata({"dagster/row_count": len(rows), "parquet": file})
            else:
                context.step_context.add_asset_metadata(
                    {"dagster/partition_row_count": len(rows), "parquet": file}, context.asset_key, partition
                )
        context.add_output_metadata(
            {
                **({"dagster/column_schema": table_schema(declared, obj.columns)} if declared else {}),
                "preview": dg.MetadataValue.md(markdown_table(obj.head(_PREVIEW_ROWS))),
            }
        )

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Return the frame of the upstream asset; it is empty if the input is optional and was never made."""
        partitions = context.asset_partition_keys if context.has_asset_partitions else [None]
        keys = [_table_key(context.asset_key, partition) for partition in partitions]
        if (context.definition_metadata or {}).get("optional"):
            keys = [key for key in keys if self._store.version(key)]
        if keys:
            return pd.concat([self._store.read(key) for key in keys], ignore_index=True)
        declared = self._declared.get(_table_key(context.asset_key).table)
        return declared.frame() if declared is not None else pd.DataFrame()


def table_io_manager(settings: Settings) -> dg.IOManagerDefinition:
    """Return the store of assets for the processes of a run.

    As a process ends its steps, it brings the DuckDB copy up to date, if that is here and nobody holds it.
    """

    def tables(context: dg.InitResourceContext) -> Iterator[TableIOManager]:
        manager = TableIOManager(settings)
        try:
            yield manager
        finally:
            if manager.has_written and not settings.is_worker:
                copied = bring_up_to_date(settings.warehouse, TableStore(settings.blob_root))
                if copied.waiting and context.log:
                    context.log.debug(copied.waiting)

    generator: Any = tables  # the types of Dagster name no generator, which it takes as for any resource
    return dg.IOManagerDefinition(generator)


def _by_partition(
    frame: pd.DataFrame, partitions: Sequence[str | None], metadata: Mapping[str, Any]
) -> Iterator[tuple[str | None, pd.DataFrame]]:
    """Return the rows of each partition that a step has made, which may be none."""
    if len(partitions) == 1:
        yield partitions[0], frame
        return
    column = frame[metadata[_PARTITION_COLUMN]]
    for partition in partitions:
        yield partition, frame[column == partition]


def table_schema(declared: Table, names: Iterable[str] = ()) -> dg.TableSchema:
    """Return the columns of a table for the UI; `names` adds columns that its pattern declares."""
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


def table_ins(*tables: str, optional: bool = False) -> dict[str, dg.AssetIn]:
    """Return inputs of a step, each under the name of its table without the schema.

    An optional input need not have been made: it has the partitions that there are, stacked, and no row
    where there is none.

    >>> list(table_ins("curated.electrolytes", "splits.assignments"))
    ['electrolytes', 'assignments']
    """
    keys = (table.split(".") for table in tables)
    return {key[-1]: dg.AssetIn(key, metadata=_OPTIONAL if optional else None) for key in keys}


def table_outs(
    schema: str,
    described: Mapping[str, str],
    *,
    code_version: str,
    group: str | None = None,
    kind: str = "table",
    kinds: Mapping[str, str] = MappingProxyType({}),
    tags: Mapping[str, str] | None = None,
    partition_column: str | None = None,
) -> dict[str, dg.AssetOut]:
    """Return the outputs of a step that makes several tables of a schema.

    Args:
        schema: schema of all of them, such as `curated`.
        described: description of each table, by its name.
        code_version: version of the code that makes them.
        group: group of the lineage in which they stand, if it is not named like the schema.
        kind: badge in the UI, such as the library that makes them.
        kinds: badge of the tables that have another one.
        tags: tags of all of them.
        partition_column: column with the partition of each row, where a step makes many partitions at once.
    """
    return {
        name: dg.AssetOut(
            key=[schema, name],
            group_name=group or schema,
            description=description,
            kinds={kinds.get(name, kind)},
            code_version=code_version,
            tags=tags,
            metadata={_PARTITION_COLUMN: partition_column} if partition_column else None,
        )
        for name, description in described.items()
    }


def table_asset(
    table: str,
    description: str,
    ins: Mapping[str, dg.AssetIn] | None = None,
    *,
    code_version: str,
    group: str | None = None,
    kind: str = "table",
    **more: Any,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Return the decorator of a step that makes one table, like `table_outs`; `more` goes to `dg.asset`."""
    schema, name = table.split(".")
    return dg.asset(
        key=[schema, name],
        ins=ins,
        group_name=group or schema,
        description=description,
        kinds={kind},
        code_version=code_version,
        **more,
    )


def table_result(
    frame: pd.DataFrame,
    table: str | None = None,
    *,
    data_version: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Return a frame as the result of a step.

    Args:
        frame: the rows of the table.
        table: schema and name of the table; needed where a step makes several.
        data_version: by default the hash of the frame's content.
        metadata: entries that the UI shows above the preview of the table and the path of its file.
    """
    return dg.MaterializeResult(
        asset_key=dg.AssetKey(table.split(".")) if table else None,
        value=frame,
        data_version=dg.DataVersion(data_version or content_sha256(frame)),
        metadata=metadata,
    )


def file_metadata(path: str) -> dg.PathMetadataValue:
    """Return the place of a file or folder below the blob root; the UI shows it with a button that copies it.

    The blob root itself is left out: a home may be moved or restored elsewhere.
    """
    return dg.MetadataValue.path(path)


def _table_key(asset_key: dg.AssetKey, partition: str | None = None) -> TableKey:
    group, name = asset_key.path
    return TableKey(group, name, partition)
