"""One search: generations of candidates for one composition in cells of one size.

A candidate depends on earlier generations and on its own random numbers, never on others of its generation.
So a search ends in the same structures for any number of processes, and wherever it was killed.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import inf, isfinite, nan
from pathlib import Path

import numpy as np
from ase import Atoms
from pymatgen.core import Composition

from sse_assets.atomistics.evaluation import Evaluation, Evaluator, EvaluatorFactory
from sse_assets.generation.duplicates import first_same
from sse_assets.generation.journal import Candidate, Journal
from sse_assets.generation.operators import by_element, child, parents_needed
from sse_assets.generation.seeds import NoSeedError, SeedMaker
from sse_assets.generation.settings import SearchSettings
from sse_assets.generation.winners import loose_space_group
from sse_assets.tables.names import Operator

_DISPLACED_A = 0.05
"""Standard deviation of the displacements of the atoms of a starting cell; its exact symmetry may end on a
saddle."""
_HOPELESS_GENERATIONS = 3
"""Number of generations without any structure after which a search ends."""


@dataclass(frozen=True)
class Plan:
    """Composition, cell size and replicate of one search."""

    formula: str
    """Integer formula of one formula unit (Z = 1)."""
    z: int
    replicate: int

    @property
    def name(self) -> str:
        """Name of the search within its composition."""
        return f"z{self.z}-r{self.replicate}"

    @property
    def composition(self) -> Composition:
        """Composition of the whole cell."""
        return Composition(self.formula) * self.z


@dataclass(frozen=True)
class Progress:
    """State of a search after a candidate."""

    plan: Plan
    generation: int
    done: int
    """Number of finished candidates of this generation."""
    of: int
    """Number of candidates of this generation."""
    best_ev_per_atom: float
    """Lowest enthalpy so far; NaN before there is any."""
    candidates_per_minute: float
    """Rate since this process took up the search."""
    least_seconds_left: float
    """Time in s at this rate until the search can converge at the earliest."""

    def __str__(self) -> str:
        minutes = self.least_seconds_left / 60
        best = f"best {self.best_ev_per_atom:.4f} eV/atom, " if isfinite(self.best_ev_per_atom) else ""
        return (
            f"{self.plan.formula} {self.plan.name}: generation {self.generation}, {self.done} of {self.of}, "
            f"{best}{self.candidates_per_minute:.1f} candidates/min"
            + (f", at least {minutes:.0f} min left" if minutes >= 1 else "")
        )


@dataclass
class History:
    """Results of the finished generations together."""

    settings: SearchSettings
    population: list[Candidate] = field(default_factory=list)
    """Best distinct structures, best first."""
    duplicates: dict[str, str] = field(default_factory=dict)
    """Ids of candidates that repeat another, with the id of the better or earlier one."""
    best: list[float] = field(default_factory=list)
    """Lowest enthalpy in eV/atom after each generation; infinite before there is any."""
    moved: set[str] = field(default_factory=set)
    """Ids of candidates that went into dynamics or came out of them."""

    def close_generation(self, candidates: Sequence[Candidate]) -> None:
        """Add the candidates of one generation."""
        for candidate in sorted(
            (c for c in candidates if c.failure is None), key=lambda c: (c.enthalpy_ev_per_atom, c.index)
        ):
            self._take(candidate)
        self.population.sort(key=lambda c: (c.enthalpy_ev_per_atom, c.candidate_id))
        self.population = self.population[: self.settings.parents]
        for candidate in candidates:
            if candidate.operator is Operator.DYNAMICS:
                self.moved |= {candidate.candidate_id, *candidate.parents}
        lowest = self.population[0].enthalpy_ev_per_atom if self.population else inf
        self.best.append(min([lowest, *self.best[-1:]]))

    @property
    def flat_generations(self) -> int:
        """Number of generations in which the best enthalpy has not moved."""
        if not self.best or not isfinite(self.best[-1]):
            return 0
        tolerance = self.settings.flat_within_ev_per_atom
        return sum(1 for value in self.best[:-1] if value - self.best[-1] < tolerance)

    @property
    def converged(self) -> bool:
        """True once the best enthalpy has been flat for long enough."""
        return self.flat_generations >= self.settings.flat_generations

    @property
    def ended(self) -> bool:
        """True once the search has converged, is at its limit, or has no structure for too long."""
        hopeless = len(self.best) >= _HOPELESS_GENERATIONS and not isfinite(self.best[-1])
        return self.converged or hopeless or len(self.best) >= self.settings.max_generations

    def _take(self, candidate: Candidate) -> None:
        assert candidate.atoms is not None
        known = [(c.atoms, c.enthalpy_ev_per_atom) for c in self.population]
        same = first_same(candidate.atoms, candidate.enthalpy_ev_per_atom, known)
        if same is None:
            self.population.append(candidate)
            return
        other = self.population[same]
        if candidate.enthalpy_ev_per_atom < other.enthalpy_ev_per_atom:
            self.population[same] = candidate
            candidate, other = other, candidate
        self.duplicates[candidate.candidate_id] = other.candidate_id


@dataclass(frozen=True)
class SearchOutcome:
    """Result of a finished search."""

    plan: Plan
    candidates: list[Candidate]
    history: History
    failure: str | None
    """Sentence on why there is no structure; None if there is one."""

    @property
    def best(self) -> Candidate | None:
        """Candidate of lowest enthalpy; None if there is no structure."""
        return self.history.population[0] if self.history.population else None


def run_search(
    plan: Plan,
    settings: SearchSettings,
    journal_path: Path,
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
    starting_cells: Sequence[Atoms] = (),
) -> SearchOutcome:
    """Search until the best enthalpy is flat, from the last finished candidate in the journal.

    A candidate that fails gets a line with its reason and does not end the search.

    Args:
        plan: composition, cell size and replicate.
        settings: settings of the search.
        journal_path: path of the journal.
        evaluators: function that makes an evaluator for given settings.
        progress: function that is called after each candidate.
        starting_cells: cells that candidates of the first generation begin in; the others are random.

    Raises:
        JournalError: if the journal is that of another search, or damaged.
    """
    evaluator = evaluators(settings.evaluation)
    mover = evaluators(settings.dynamics) if settings.dynamics is not None else None
    identity = {"formula": plan.formula, "search": plan.name, **settings.identity()}
    if starting_cells:
        identity["starting_cells"] = _fingerprint(starting_cells)
    journal = Journal(journal_path, identity)
    history = History(settings)
    watch = _Watch(plan, history, progress)
    with closing(journal), SeedMaker() as seeds:
        while not history.ended:
            generation = len(history.best)
            finished = [c for c in journal.candidates if c.generation == generation]
            indices = {c.index for c in finished}
            missing = [
                _propose(plan, history, generation, index, operator, seeds, starting_cells)
                for index, operator in enumerate(_operators(history, len(starting_cells)))
                if index not in indices
            ]
            watch.begin(generation, len(finished), len(finished) + len(missing))
            still = [one for one in missing if one.candidate.operator is not Operator.DYNAMICS]
            moving = [one for one in missing if one.candidate.operator is Operator.DYNAMICS]
            for judge, proposals in ((evaluator, still), (mover, moving)):
                for candidate in _evaluated(judge, proposals, history):
                    journal.add(candidate)
                    finished.append(candidate)
                    watch.count()
            history.close_generation(finished)
    candidates = sorted(
        (c for c in journal.candidates if c.generation < len(history.best)),
        key=lambda c: (c.generation, c.index),
    )
    return SearchOutcome(plan, candidates, history, None if history.population else _commonest(candidates))


@dataclass(frozen=True)
class _Proposal:
    """Candidate before its evaluation."""

    candidate: Candidate
    """Candidate with its starting cell; one without a cell has failed already."""
    seed: int
    """Seed of the velocities in its dynamics."""


def _fingerprint(cells: Sequence[Atoms]) -> str:
    """Return a text that is equal for equal cells, to 1e-6 Å."""
    numbers = [
        (a.numbers.tolist(), a.cell.array.round(6).tolist(), a.positions.round(6).tolist()) for a in cells
    ]
    return sha256(json.dumps(numbers).encode()).hexdigest()[:12]


def _operators(history: History, starting_cells: int) -> list[Operator]:
    """Return the operator of each candidate of the next generation."""
    settings = history.settings
    if not history.best:
        first = [Operator.PROTOTYPE] * min(starting_cells, settings.population)
        return first + [Operator.SEED] * (settings.population - len(first))
    if not history.population:
        return [Operator.SEED] * settings.population
    operators = settings.shares.operators(settings.population)
    if settings.dynamics is not None and _not_moved(history) is not None:
        operators.append(Operator.DYNAMICS)
    return operators


def _not_moved(history: History) -> Candidate | None:
    return next((c for c in history.population if c.candidate_id not in history.moved), None)


def _propose(
    plan: Plan,
    history: History,
    generation: int,
    index: int,
    operator: Operator,
    seeds: SeedMaker,
    starting_cells: Sequence[Atoms],
) -> _Proposal:
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
        return _Proposal(replace(candidate, atoms=atoms), velocity_seed)
    if operator is Operator.DYNAMICS:
        parent = _not_moved(history)
        assert parent is not None
        return _Proposal(
            replace(candidate, parents=(parent.candidate_id,), atoms=parent.atoms), velocity_seed
        )
    wanted = parents_needed(operator)
    if 0 < wanted <= len(history.population):
        parents = _choose_parents(history.population, wanted, parent_seed)
        atoms = child(
            operator, [_cell(p) for p in parents], [_cell(p) for p in history.population], child_seed
        )
        if atoms is not None:
            ids = tuple(parent.candidate_id for parent in parents)
            return _Proposal(replace(candidate, parents=ids, atoms=atoms), velocity_seed)
    candidate = replace(candidate, operator=Operator.SEED)
    try:
        fresh = seeds.random_cell(plan.composition, fresh_seed)
    except NoSeedError as error:
        return _Proposal(replace(candidate, failure=str(error), seconds=0.0), velocity_seed)
    return _Proposal(replace(candidate, atoms=fresh), velocity_seed)


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


def _evaluated(
    evaluator: Evaluator | None, proposals: Sequence[_Proposal], history: History
) -> Iterator[Candidate]:
    for proposal in proposals:
        if proposal.candidate.failure is not None:
            yield proposal.candidate
    ready = [proposal for proposal in proposals if proposal.candidate.failure is None]
    if evaluator is None or not ready:
        return
    before = time.monotonic()
    evaluations = evaluator.evaluate(
        [_cell(proposal.candidate) for proposal in ready], seeds=[proposal.seed for proposal in ready]
    )
    enthalpies = {c.candidate_id: c.enthalpy_ev_per_atom for c in history.population}
    for proposal, evaluation in zip(ready, evaluations, strict=True):
        now = time.monotonic()
        yield _finished(proposal.candidate, evaluation, enthalpies, now - before)
        before = now


def _finished(
    candidate: Candidate, evaluation: Evaluation, enthalpies: dict[str, float], seconds: float
) -> Candidate:
    better = min((enthalpies[parent] for parent in candidate.parents), default=nan)
    sound = evaluation.failure is None
    return replace(
        candidate,
        **vars(evaluation),
        delta_ev_per_atom=evaluation.enthalpy_ev_per_atom - better if sound else nan,
        space_group=loose_space_group(evaluation.atoms) if sound and evaluation.atoms is not None else None,
        seconds=seconds,
    )


def _commonest(candidates: Sequence[Candidate]) -> str:
    reasons = Counter(candidate.failure for candidate in candidates if candidate.failure)
    if not reasons:
        return "no candidate was evaluated"
    reason, count = reasons.most_common(1)[0]
    return f"none of {len(candidates)} candidates became a structure; {count} times: {reason}"


class _Watch:
    """Counter of candidates that passes on the state of the search."""

    def __init__(self, plan: Plan, history: History, progress: Callable[[Progress], None]) -> None:
        self._plan, self._history, self._progress = plan, history, progress
        self._start, self._counted = time.monotonic(), 0
        self._generation = self._done = self._of = 0

    def begin(self, generation: int, done: int, of: int) -> None:
        self._generation, self._done, self._of = generation, done, of

    def count(self) -> None:
        self._counted += 1
        self._done += 1
        per_second = self._counted / (time.monotonic() - self._start)
        settings, best = self._history.settings, self._history.best[-1] if self._history.best else nan
        flat = self._history.flat_generations + isfinite(best)  # with this generation, if it can be flat
        candidates_to_come = self._of - self._done
        candidates_to_come += max(0, settings.flat_generations - flat) * settings.population
        self._progress(
            Progress(
                plan=self._plan,
                generation=self._generation,
                done=self._done,
                of=self._of,
                best_ev_per_atom=best,
                candidates_per_minute=60 * per_second,
                least_seconds_left=candidates_to_come / per_second,
            )
        )
