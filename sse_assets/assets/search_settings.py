"""Settings of the structure search as the launchpad shows them, and as the science knows them."""

from dataclasses import replace

import dagster as dg
from pydantic import Field

from sse_assets.atomistics.settings import EVALUATION, EvaluationSettings, Profile
from sse_assets.generation.settings import (
    SMOKE,
    SMOKE_VALIDATION,
    OperatorShares,
    SearchSettings,
    ValidationSettings,
)

_SEARCH = SearchSettings()
_VALIDATION = ValidationSettings()
_SAMPLE_PS = 0.1
"""Just long enough for two frames in each trajectory."""


class SearchConfig(dg.Config):
    """How a structure is searched for, and how long it must hold before it is believed."""

    population: int = Field(_SEARCH.population, description="Candidates a generation.")
    parents: int = Field(_SEARCH.parents, description="How many of the best structures have children.")
    fresh_share: float = Field(
        _SEARCH.shares.seed, description="Part of a generation that is fresh random cells; at least 0.15."
    )
    heredity_share: float = Field(_SEARCH.shares.heredity, description="Made by heredity.")
    rattle_share: float = Field(_SEARCH.shares.rattle, description="Made by displacing atoms.")
    strain_share: float = Field(_SEARCH.shares.strain, description="Made by straining the cell.")
    permutation_share: float = Field(_SEARCH.shares.permutation, description="Made by swapping atoms.")
    replicates: int = Field(_SEARCH.replicates, description="Independent searches for each cell size.")
    formula_units: list[int] = Field(
        list(_SEARCH.formula_units), description="Z of the cells, each if it is not above largest_cell."
    )
    largest_cell: int = Field(_SEARCH.largest_cell, description="Atoms; the smallest Z goes even above it.")
    flat_generations: int = Field(
        _SEARCH.flat_generations,
        description="Generations without a better enthalpy, to converge (paper: 3-5).",
    )
    flat_within_ev_per_atom: float = Field(
        _SEARCH.flat_within_ev_per_atom, description="What counts as no better, in eV/atom."
    )
    max_generations: int = Field(_SEARCH.max_generations, description="Where a search ends in any case.")
    seed: int = Field(_SEARCH.seed, description="Of everything that is drawn at random.")
    profile: str = Field(
        Profile.STATIC.value,
        description="What is done to a candidate: static (relaxed), default (relaxed, moved for 1 ps at 50 K "
        "and 1000 bar, quenched) or paper (moved, to the letter).",
    )
    relaxation_steps: int | None = Field(None, description="Most FIRE steps, in place of the profile's.")
    max_force_ev_a: float | None = Field(None, description="Where FIRE stops, in place of the profile's.")
    move_best: bool = Field(
        False, description="Move and quench the best structure of each generation, as a further candidate."
    )
    search_ps: float = Field(
        _VALIDATION.search_ps, description="Dynamics of the winner at 50 K and 1000 bar (paper: 20 ps)."
    )
    ambient_ps: float = Field(
        _VALIDATION.ambient_ps, description="Dynamics of the winner at 300 K and 1 atm (paper: 20 ps)."
    )
    last_relaxation_steps: int = Field(
        _VALIDATION.relaxation.relaxation_steps, description="Most FIRE steps of the winner's relaxation."
    )
    last_max_force_ev_a: float = Field(
        _VALIDATION.relaxation.max_force_ev_a, description="Where the winner's relaxation stops, in eV/Å."
    )
    processes: int | None = Field(
        None, description="Processes that evaluate candidates on a CPU; one a core, if none is given."
    )
    search_again: bool = Field(
        False, description="Search even if the project ships a record, or an earlier run left one."
    )

    def search_settings(self) -> SearchSettings:
        """As the science knows them.

        Raises:
            ValueError: for a profile that does not exist, or a number that makes no sense.
        """
        moving = replace(EVALUATION[Profile.DEFAULT], relaxation_steps=0)
        return SearchSettings(
            population=self.population,
            parents=self.parents,
            shares=OperatorShares(
                seed=self.fresh_share,
                heredity=self.heredity_share,
                rattle=self.rattle_share,
                strain=self.strain_share,
                permutation=self.permutation_share,
            ),
            replicates=self.replicates,
            formula_units=tuple(self.formula_units),
            largest_cell=self.largest_cell,
            flat_generations=self.flat_generations,
            flat_within_ev_per_atom=self.flat_within_ev_per_atom,
            max_generations=self.max_generations,
            seed=self.seed,
            evaluation=self._evaluation(),
            dynamics=moving if self.move_best else None,
        )

    def validation_settings(self) -> ValidationSettings:
        """As the science knows them."""
        return ValidationSettings(
            search_ps=self.search_ps,
            ambient_ps=self.ambient_ps,
            relaxation=replace(
                _VALIDATION.relaxation,
                relaxation_steps=self.last_relaxation_steps,
                max_force_ev_a=self.last_max_force_ev_a,
            ),
            seed=self.seed,
        )

    def _evaluation(self) -> EvaluationSettings:
        if self.profile not in list(Profile):
            raise ValueError(f"profile is {self.profile!r}, and not one of: {', '.join(Profile)}")
        evaluation = EVALUATION[Profile(self.profile)]
        if self.relaxation_steps is not None:
            evaluation = replace(evaluation, relaxation_steps=self.relaxation_steps)
        if self.max_force_ev_a is not None:
            evaluation = replace(evaluation, max_force_ev_a=self.max_force_ev_a)
        return evaluation


class SmokeSearchConfig(SearchConfig):
    """So little that it only shows that all parts work: the sample's."""

    population: int = Field(SMOKE.population, description="Candidates a generation.")
    parents: int = Field(SMOKE.parents, description="How many of the best structures have children.")
    replicates: int = Field(SMOKE.replicates, description="Independent searches for each cell size.")
    formula_units: list[int] = Field(list(SMOKE.formula_units), description="Z of the cells.")
    flat_generations: int = Field(
        SMOKE.flat_generations, description="Generations without a better enthalpy, to converge."
    )
    max_generations: int = Field(SMOKE.max_generations, description="Where a search ends in any case.")
    relaxation_steps: int | None = Field(
        SMOKE.evaluation.relaxation_steps, description="Most FIRE steps of a candidate."
    )
    max_force_ev_a: float | None = Field(
        SMOKE.evaluation.max_force_ev_a, description="Where FIRE stops, in eV/Å."
    )
    search_ps: float = Field(_SAMPLE_PS, description="Dynamics of the winner at 50 K and 1000 bar, in ps.")
    ambient_ps: float = Field(_SAMPLE_PS, description="Dynamics of the winner at 300 K and 1 atm, in ps.")
    last_relaxation_steps: int = Field(
        SMOKE_VALIDATION.relaxation.relaxation_steps, description="Most FIRE steps of its last relaxation."
    )
    last_max_force_ev_a: float = Field(
        SMOKE_VALIDATION.relaxation.max_force_ev_a, description="Where its last relaxation stops, in eV/Å."
    )
    processes: int | None = Field(1, description="Processes that evaluate candidates.")
