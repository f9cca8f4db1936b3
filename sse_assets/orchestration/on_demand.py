"""Assets that are made when somebody asks for them, because they need a GPU, weights or hours.

A refresh leaves them out. Automation does not start them either, since a person chooses their settings.
An asset downstream takes in as many of them as there are.
"""

from collections.abc import Mapping

import dagster as dg

ON_DEMAND: Mapping[str, str] = {"sse_assets/on_demand": "yes"}
"""Tag of an asset that is made on demand."""


def is_on_demand(tags: Mapping[str, str]) -> bool:
    """Return whether an asset with these tags is made on demand."""
    return ON_DEMAND.items() <= tags.items()


def on_demand_selection() -> dg.AssetSelection:
    """Return the selection of all assets that are made on demand."""
    ((name, value),) = ON_DEMAND.items()
    return dg.AssetSelection.tag(name, value)
