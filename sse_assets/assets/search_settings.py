"""Settings of the structure search as a person types them, and as the science knows them."""

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, create_model

from sse_assets.atomistics.settings import EVALUATION, EvaluationSettings, Profile
from sse_assets.generation.settings import (
    SMOKE,
    SMOKE_VALIDATION,
    OperatorShares,
    SearchSettings,
    ValidationSettings,
)
from sse_assets.orchestration.step_settings import StepSettings, setting, with_values_of

_SEARCH = SearchSettings()
_VALIDATION = ValidationSettings(search_ps=2.0, ambient_ps=2.0)
"""Dynamics that a CPU finishes within half an hour in the largest cell."""
_SAMPLE_PS = 0.1
"""Duration that gives two frames in each trajectory, in ps."""


class SearchSettingsOfStep(StepSettings):
    """Settings of a search, and of the dynamics in which its structure must hold."""

    population: int = setting(_SEARCH, "population", "Candidates a generation.")
    prototypes: int = setting(
        _SEARCH,
        "prototypes",
        "Most candidates of the first generation that begin in a known structure type; 0 as in the paper.",
    )
    evolve_above_cost: float = setting(
        _SEARCH,
        "evolve_above_cost",
        "Cost for each anion of a prototype below which prototypes alone are relaxed; 0 always evolves.",
    )
    evolve_small_above_cost: float = setting(
        _SEARCH,
        "evolve_small_above_cost",
        "Cost above which a formula of up to largest_cell atoms evolves beside its relaxed prototypes.",
    )
    parents: int = setting(_SEARCH, "parents", "How many of the best structures have children.")
    fresh_share: float = Field(
        _SEARCH.shares.seed, description="Part of a generation that is fresh random cells; at least 0.15."
    )
    heredity_share: float = Field(_SEARCH.shares.heredity, description="Made by heredity.")
    rattle_share: float = Field(_SEARCH.shares.rattle, description="Made by displacing atoms.")
    strain_share: float = Field(_SEARCH.shares.strain, description="Made by straining the cell.")
    permutation_share: float = Field(_SEARCH.shares.permutation, description="Made by swapping atoms.")
    replicates: int = setting(_SEARCH, "replicates", "Independent searches for each cell size.")
    formula_units: list[int] = Field(
        list(_SEARCH.formula_units), description="Z of the cells, each if it is not above largest_cell."
    )
    largest_cell: int = setting(_SEARCH, "largest_cell", "Atoms; the smallest Z goes even above it.")
    flat_generations: int = setting(
        _SEARCH,
        "flat_generations",
        "Generations without a better enthalpy, to converge (paper: 3-5).",
    )
    flat_within_ev_per_atom: float = setting(
        _SEARCH, "flat_within_ev_per_atom", "Largest gain that still counts as none, in eV/atom."
    )
    max_generations: int = setting(_SEARCH, "max_generations", "Most generations of a search.")
    seed: int = setting(_SEARCH, "seed", "Seed of everything that is drawn at random.")
    profile: Literal["static", "default", "paper", "smoke"] = Field(
        Profile.STATIC.value,
        description="Evaluation of a candidate: static (relaxed), default (relaxed, moved for 1 ps at 50 K "
        "and 1000 bar, quenched), paper (moved, as in the paper) or smoke (for tests).",
    )
    relaxation_steps: int | None = Field(None, description="Most FIRE steps, in place of the profile's.")
    max_force_ev_a: float | None = Field(
        None, description="Force where FIRE stops, in place of the profile's."
    )
    move_best: bool = Field(
        False, description="Move and quench the best structure of each generation, as a further candidate."
    )
    search_ps: float = setting(
        _VALIDATION, "search_ps", "Dynamics of the winner at 50 K and 1000 bar (paper: 20 ps, for a GPU)."
    )
    ambient_ps: float = setting(
        _VALIDATION, "ambient_ps", "Dynamics of the winner at 300 K and 1 atm (paper: 20 ps, for a GPU)."
    )
    last_relaxation_steps: int = Field(
        _VALIDATION.relaxation.relaxation_steps, description="Most FIRE steps of the winner's relaxation."
    )
    last_max_force_ev_a: float = Field(
        _VALIDATION.relaxation.max_force_ev_a, description="Force at which that relaxation stops, in eV/Å."
    )
    processes: int | None = Field(
        None, description="Processes that evaluate candidates on a CPU; one a core, if none is given."
    )
    search_again: bool = Field(
        False, description="Search even if the project ships a record, or an earlier run left one."
    )

    def search_settings(self) -> SearchSettings:
        """Return the settings of the search as `search_composition` takes them.

        Raises:
            ValueError: for a number that makes no sense.
        """
        moving = replace(EVALUATION[Profile.DEFAULT], relaxation_steps=0)
        return replace(
            with_values_of(self, _SEARCH),
            shares=OperatorShares(
                seed=self.fresh_share,
                heredity=self.heredity_share,
                rattle=self.rattle_share,
                strain=self.strain_share,
                permutation=self.permutation_share,
            ),
            formula_units=tuple(self.formula_units),
            evaluation=self._evaluation(),
            dynamics=moving if self.move_best else None,
        )

    def validation_settings(self) -> ValidationSettings:
        """Return the settings of the winner's relaxation and dynamics as `search_composition` takes them."""
        return replace(
            with_values_of(self, _VALIDATION),
            relaxation=replace(
                _VALIDATION.relaxation,
                relaxation_steps=self.last_relaxation_steps,
                max_force_ev_a=self.last_max_force_ev_a,
            ),
        )

    def check(self) -> None:
        """Refuse what search or validation would refuse."""
        if self.processes is not None and self.processes < 1:
            raise ValueError(f"processes is {self.processes}: it must be at least 1")
        self.search_settings()
        self.validation_settings()

    def _evaluation(self) -> EvaluationSettings:
        evaluation = EVALUATION[Profile(self.profile)]
        if self.relaxation_steps is not None:
            evaluation = replace(evaluation, relaxation_steps=self.relaxation_steps)
        if self.max_force_ev_a is not None:
            evaluation = replace(evaluation, max_force_ev_a=self.max_force_ev_a)
        return evaluation


_SMOKE_VALUES = {
    "population": SMOKE.population,
    "parents": SMOKE.parents,
    "prototypes": SMOKE.prototypes,
    "evolve_above_cost": SMOKE.evolve_above_cost,
    "replicates": SMOKE.replicates,
    "formula_units": list(SMOKE.formula_units),
    "flat_generations": SMOKE.flat_generations,
    "max_generations": SMOKE.max_generations,
    "relaxation_steps": SMOKE.evaluation.relaxation_steps,
    "max_force_ev_a": SMOKE.evaluation.max_force_ev_a,
    "search_ps": _SAMPLE_PS,
    "ambient_ps": _SAMPLE_PS,
    "last_relaxation_steps": SMOKE_VALIDATION.relaxation.relaxation_steps,
    "last_max_force_ev_a": SMOKE_VALIDATION.relaxation.max_force_ev_a,
    "processes": 1,
}
_SMOKE_FIELDS: dict[str, Any] = {
    name: (field.annotation, Field(_SMOKE_VALUES[name], description=field.description))
    for name, field in SearchSettingsOfStep.model_fields.items()
    if name in _SMOKE_VALUES
}
SmokeSearchSettingsOfStep: type[SearchSettingsOfStep] = create_model(
    "SmokeSearchSettingsOfStep",
    __base__=SearchSettingsOfStep,
    __doc__="Settings of the sample: so little work that it only shows that all parts run.",
    **_SMOKE_FIELDS,
)
