"""What a predictor reads of a folder SSE_HOME: the tables and models that runs have stored."""

from dataclasses import dataclass

import pandas as pd
from upath import UPath

from sse_assets.orchestration.tables import TableError, TableKey, TableStore, content_sha256


@dataclass(frozen=True)
class Home:
    """Stored tables and models below one blob root."""

    blob_root: UPath

    @property
    def store(self) -> TableStore:
        """The tables."""
        return TableStore(self.blob_root)

    def table(self, schema: str, name: str) -> pd.DataFrame | None:
        """Return a table, partitions stacked; None if it is not made yet."""
        try:
            return self.store.read(TableKey(schema, name))
        except TableError:
            return None

    def version(self, schema: str, name: str) -> str:
        """Return the hash of what a table says, all partitions together; empty if there is none.

        The time that a fit took is no part of it: the same fit may be made again.
        """
        table = self.table(schema, name)
        return "" if table is None else content_sha256(table.drop(columns="seconds", errors="ignore"))[:16]

    def written(self, schema: str, name: str) -> str:
        """Return the day on which a table without partitions was written, in ISO 8601; empty if unknown."""
        version = self.store.version(TableKey(schema, name))
        return version.written_at[:10] if version else ""
