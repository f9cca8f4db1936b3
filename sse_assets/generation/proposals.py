"""Candidates of a generation before their evaluation: starting cells, children and fresh cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms

from sse_assets.generation.history import History
from sse_assets.generation.journal import Candidate
from sse_assets.generation.operators import by_element, child, parents_needed
from sse_assets.generation.plan import Plan
from sse_assets.generation.seeds import NoSeedError, SeedMaker
from sse_assets.tables.names import Operator

_DISPLACED_A = 0.05
"""Standard deviation of the displacements of the atoms of a starting cell; its exact symmetry may end on a
saddle."""


@dataclass(frozen=True)
class Proposal:
    """Candidate before its evaluation."""

    candidate: Candidate
    """Candidate with its starting cell; one without a cell needs a fresh one, or has failed already."""
    velocity_seed: int
    """Seed of the velocities in its dynamics."""
    fresh_seed: int
    """Seed of its fresh cell, if it needs one."""

    def with_fresh_cell(self, plan: Plan, seeds: SeedMaker) -> "Proposal":
        """Return the candidate with the fresh cell that it needs; without one it has failed.

        Raises:
            ChildProcessError: if PyXtal cannot be imported.
        """
        if self.candidate.atoms is not None:
            return self
        try:
            atoms = seeds.random_cell(plan.composition, self.fresh_seed)
        except NoSeedError as error:
            return replace(self, candidate=replace(self.candidate, failure=str(error), seconds=0.0))
        return replace(self, candidate=replace(self.candidate, atoms=atoms))


def operators(history: History, starting_cells: int) -> list[Operator]:
    """Return the operator of each candidate of the next generation."""
    settings = history.settings
    if not history.best:
        first = [Operator.PROTOTYPE] * min(starting_cells, settings.population)
        return first + [Operator.SEED] * (settings.population - len(first))
    if not history.population:
        return [Operator.SEED] * settings.population
    operators = settings.shares.operators(settings.population)
    if settings.dynamics is not None and history.not_moved is not None:
        operators.append(Operator.DYNAMICS)
    return operators


def propose(
    plan: Plan,
    history: History,
    missing: Mapping[int, Operator],
    starting_cells: Sequence[Atoms],
) -> list[Proposal]:
    """Make candidates of the next generation; those that need a fresh cell have none yet.

    A candidate depends on the history and on its own random numbers, never on others of its generation.

    Args:
        plan: composition, cell size and replicate.
        history: finished generations.
        missing: operator of each candidate, by its number within the generation.
        starting_cells: cells that candidates of the first generation begin in.
    """
    return [
        _proposal(plan, history, len(history.best), index, operator, starting_cells)
        for index, operator in missing.items()
    ]


def _proposal(
    plan: Plan,
    history: History,
    generation: int,
    index: int,
    operator: Operator,
    starting_cells: Sequence[Atoms],
) -> Proposal:
    entropy = [history.settings.seed, plan.z, plan.replicate, generation, index]
    parent_seed, child_seed, fresh_seed, velocity_seed = (
        int(word) for word in np.random.SeedSequence(entropy).generate_state(4)
    )
    candidate = Candidate(
        candidate_id=f"{plan.name}-g{generation:02d}-{index:02d}",
        generation=generation,
        index=index,
        operator=operator,
    )
    if operator is Operator.PROTOTYPE:
        atoms = by_element(starting_cells[index])
        atoms.rattle(_DISPLACED_A, rng=np.random.RandomState(child_seed))
        return Proposal(replace(candidate, atoms=atoms), velocity_seed, fresh_seed)
    if operator is Operator.DYNAMICS:
        parent = history.not_moved
        assert parent is not None
        dynamics = replace(candidate, parents=(parent.candidate_id,), atoms=parent.atoms)
        return Proposal(dynamics, velocity_seed, fresh_seed)
    wanted = parents_needed(operator)
    if 0 < wanted <= len(history.population):
        parents = _choose_parents(history.population, wanted, parent_seed)
        atoms = child(
            operator, [_cell(p) for p in parents], [_cell(p) for p in history.population], child_seed
        )
        if atoms is not None:
            ids = tuple(parent.candidate_id for parent in parents)
            return Proposal(replace(candidate, parents=ids, atoms=atoms), velocity_seed, fresh_seed)
    return Proposal(replace(candidate, operator=Operator.SEED), velocity_seed, fresh_seed)


def _choose_parents(population: Sequence[Candidate], count: int, seed: int) -> list[Candidate]:
    """Choose different parents, better ones more often: the chance falls by a factor e every third rank."""
    weights = np.exp(-np.arange(len(population)) / 3.0)
    chosen = np.random.RandomState(seed).choice(
        len(population), count, replace=False, p=weights / weights.sum()
    )
    return [population[number] for number in chosen]


def _cell(candidate: Candidate) -> Atoms:
    assert candidate.atoms is not None
    return candidate.atoms
