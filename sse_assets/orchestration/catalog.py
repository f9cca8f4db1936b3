"""What the UI's catalogue says of every asset beside its description: who owns it, and its table for SQL."""

from collections.abc import Iterable

import dagster as dg

OWNER = "team:sse-assets"


def catalogued(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """The same assets, each with an owner and, if it is a table, its name in the warehouse."""
    return [_catalogued(definition) for definition in assets]


def _catalogued(definition: dg.AssetsDefinition) -> dg.AssetsDefinition:
    tables = {
        definition.keys_by_output_name[output.name]
        for output in definition.node_def.output_defs
        if not output.dagster_type.is_nothing
    }

    def entry(spec: dg.AssetSpec) -> dg.AssetSpec:
        table = {"dagster/table_name": ".".join(spec.key.path)} if spec.key in tables else {}
        return spec.merge_attributes(owners=[OWNER], metadata=table)

    return definition.map_asset_specs(entry)
