"""Requirements of a candidate; the code that filters by them needs pymatgen, which takes long to import."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from sse_assets.ranges import check_ranges


@dataclass(frozen=True)
class Filters:
    """Requirements that a candidate has to meet."""

    least_elements: Annotated[int, Ge(1)] = 3
    """Fewest elements; binary compounds are known."""
    hydrates: bool = False
    """Whether H beside O may be there, as in hydrates, hydroxides and organic salts."""
    redox_active: bool = True
    """Whether one of `filters.REDOX_ACTIVE` may be there."""
    least_band_gap_ev: Annotated[float, Ge(0)] = 1.0
    """Smallest band gap in eV; a candidate whose source states none passes."""
    most_energy_above_hull_ev: Annotated[float, Ge(0)] = 0.1
    """Largest energy above the hull, in eV for each atom; a candidate whose source states none passes."""
    outside_domain: bool = False
    """Whether the model may answer for what is unlike all that it has learned from."""
    measured: bool = False
    """Whether a composition that has been measured may be there."""
    least_distance: Annotated[float, Ge(0)] = 0.02
    """Smallest distance to a measured composition, Σ|Δx| of the atomic fractions, unless `measured`; a little
    more of a dopant is no new material."""
    mixtures: bool = False
    """Whether it may be written as a mixture, such as (Li0.5La0.5TiO3)97(SiO2)3: a composite or a glass."""
    glasses: bool = False
    """Whether its source may name it a glass, which no crystal of the same composition stands for."""

    def __post_init__(self) -> None:
        check_ranges(self)
