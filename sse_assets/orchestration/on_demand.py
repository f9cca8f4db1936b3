"""Assets that are made when somebody asks for them, because they need a GPU, weights or hours.

They are no part of a refresh, nor does automation start them, which could not know the settings that a person
chose. What lies downstream takes in as many of them as there are.
"""

from collections.abc import Mapping

import dagster as dg

ON_DEMAND: Mapping[str, str] = {"sse_assets/on_demand": "yes"}
"""Tag of an asset that is made on demand."""

_OPTIONAL: Mapping[str, bool] = {"optional": True}


def optional_input(key: list[str]) -> dg.AssetIn:
    """What there is of an asset that is made on demand, partitions stacked; an empty frame without any."""
    return dg.AssetIn(key, metadata=_OPTIONAL)


def is_on_demand(tags: Mapping[str, str]) -> bool:
    """Whether an asset with these tags is made on demand."""
    return ON_DEMAND.items() <= tags.items()


def is_optional(context: dg.InputContext) -> bool:
    """Whether an input was declared by `optional_input`."""
    return bool((context.definition_metadata or {}).get("optional"))


def on_demand_selection() -> dg.AssetSelection:
    """Every asset that is made on demand."""
    ((name, value),) = ON_DEMAND.items()
    return dg.AssetSelection.tag(name, value)
