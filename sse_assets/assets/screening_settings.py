"""Settings of the ranking and of the question to a database, as a person types them."""

from typing import Literal

from pydantic import Field

from sse_assets.orchestration.step_settings import StepSettings, setting, with_values_of
from sse_assets.screening.settings import Filters
from sse_assets.sources.lithium_compounds import LithiumCompounds

_FILTERS = Filters()
_WANTED = LithiumCompounds()


class ScreeningSettingsOfStep(StepSettings):
    """Filters of the ranking, and lengths of the lists."""

    least_elements: int = setting(_FILTERS, "least_elements", "Fewest elements of a candidate.")
    hydrates: bool = setting(_FILTERS, "hydrates", "Rank candidates that hold H beside O.")
    redox_active: bool = setting(
        _FILTERS,
        "redox_active",
        "Rank candidates with a transition metal that may change its valence.",
    )
    least_band_gap_ev: float = setting(
        _FILTERS, "least_band_gap_ev", "Smallest band gap in eV, where the source states one."
    )
    most_energy_above_hull_ev: float = setting(
        _FILTERS,
        "most_energy_above_hull_ev",
        "Largest energy above the hull in eV for each atom, where the source states one.",
    )
    outside_domain: bool = setting(
        _FILTERS, "outside_domain", "Rank candidates unlike all that the model has learned from."
    )
    measured: bool = setting(_FILTERS, "measured", "Rank compositions that have been measured.")
    least_distance: float = setting(
        _FILTERS,
        "least_distance",
        "Smallest distance to a measured composition (differences of atomic fractions, summed).",
    )
    mixtures: bool = setting(
        _FILTERS, "mixtures", "Rank what is written as a mixture of compounds: composites, glasses."
    )
    glasses: bool = setting(_FILTERS, "glasses", "Rank what its source names a glass.")
    n_shortlist: int = Field(20, ge=1, description="Length of the shortlist at most.")
    n_next_experiments: int = Field(10, ge=1, description="Proposals for each purpose at most.")

    def filters(self) -> Filters:
        """Return the filters as the ranking takes them."""
        return with_values_of(self, _FILTERS)

    def check(self) -> None:
        """Refuse a filter that means nothing."""
        self.filters()


class DatabaseSettingsOfStep(StepSettings):
    """Question to a database of computed crystals."""

    provider: Literal["Materials Project", "OQMD"] = Field("OQMD", description="Database that is asked.")
    least_elements: int = setting(_WANTED, "least_elements", "Fewest elements of a compound.")
    without: list[str] = Field(list(_WANTED.without), description="Elements that may not be there.")
    most: int = setting(_WANTED, "most", "Structures that are taken at most.")

    def wanted(self) -> LithiumCompounds:
        """Return the question as the source takes it."""
        return LithiumCompounds(self.least_elements, tuple(self.without), self.most)

    def check(self) -> None:
        """Refuse a question that no compound answers."""
        self.wanted()
