"""Entries of the UI's catalogue beside the description of an asset: its owner, its table and columns."""

from collections.abc import Iterable

import dagster as dg

from sse_assets.orchestration.io import table_schema
from sse_assets.tables.catalogue import TABLES

OWNER = "team:sse-assets"


def catalogued(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return the same assets, each with an owner and, if it is a table, its name for SQL and its columns.

    Raises:
        KeyError: if an asset is a table that is not declared in `sse_assets.tables`.
    """
    definitions = list(assets)
    tables = {
        definition.keys_by_output_name[output.name]
        for definition in definitions
        for output in definition.node_def.output_defs
        if not output.dagster_type.is_nothing
    }

    def entry(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.key not in tables:
            return spec.merge_attributes(owners=[OWNER])
        name = ".".join(spec.key.path)
        return spec.merge_attributes(
            owners=[OWNER],
            metadata={"dagster/table_name": name, "dagster/column_schema": table_schema(TABLES[name])},
        )

    return [definition.map_asset_specs(entry) for definition in definitions]
