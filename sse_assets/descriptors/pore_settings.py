"""How the void of a crystal is probed."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt

from sse_assets.ranges import check_ranges


@dataclass(frozen=True)
class PoreSettings:
    """Probe, framework and samples.

    The defaults ask for the room that the framework leaves to the mobile ion: without Li, and with a probe
    small enough to pass in three of four of OBELiX's crystals (the customary 1.2 Å passes in none).
    """

    probe_radius_a: Annotated[float, Ge(0)] = 0.3
    """Radius of the probe in Å."""
    lithium_removed: bool = True
    """Whether sites that Li holds are taken out before probing; the mass per gram always counts Li."""
    n_samples: Annotated[int, Ge(1)] = 50_000
    """Random points a cell; the standard error of a void fraction of 0.1 is then 0.0013."""
    time_limit_s: Annotated[float, Gt(0)] = 60.0
    """Longest that one run of Zeo++ may take; it needs about 0.05 s."""

    def __post_init__(self) -> None:
        check_ranges(self)


PAPER_SETTINGS = PoreSettings(probe_radius_a=0.0, lithium_removed=False)
"""What the paper must have used; without a radius, accessible and probe-occupiable volume are the same."""
