"""What the daemon sees to on the machine that owns `SSE_HOME`."""

import dagster as dg

from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableStore
from sse_assets.orchestration.warehouse import bring_up_to_date


def warehouse_sensor(settings: Settings) -> dg.SensorDefinition:
    """Brings the DuckDB copy up to date with what other machines wrote, and with what a notebook held up."""

    @dg.sensor(
        name="update_warehouse",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Copies to {settings.warehouse} what was written elsewhere or while it was open.",
    )
    def update_warehouse() -> dg.SkipReason:
        copied = bring_up_to_date(settings.warehouse, TableStore(settings.blob_root))
        return dg.SkipReason(copied.waiting or f"Tables copied: {', '.join(copied.tables) or 'none'}.")

    return update_warehouse
