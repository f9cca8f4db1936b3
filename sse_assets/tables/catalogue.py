"""Every stored table, by its name."""

from types import ModuleType

from sse_assets.tables import curated, descriptors, generated, metrics, models, raw, screening, splits
from sse_assets.tables.declaration import Table

SCHEMAS: tuple[ModuleType, ...] = (raw, curated, generated, descriptors, splits, models, metrics, screening)
"""One module for each schema, in the order of the lineage."""

TABLES: dict[str, Table] = {
    value.name: value
    for schema in SCHEMAS
    for name, value in vars(schema).items()
    if isinstance(value, Table) and not name.startswith("_")
}
