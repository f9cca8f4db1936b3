"""One search: generations of candidates for one composition in cells of one size.

A candidate depends on earlier generations and on its own random numbers, never on others of its generation,
nor on other searches. So a search ends in the same structures for any number of processes, beside any other
searches, and wherever it was killed.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import nan
from pathlib import Path

from ase import Atoms

from sse_assets.atomistics.evaluation import Evaluation
from sse_assets.generation.history import History, closed
from sse_assets.generation.journal import Candidate, Journal
from sse_assets.generation.plan import Plan
from sse_assets.generation.progress import Progress, Watch
from sse_assets.generation.proposals import Proposal, operators, propose
from sse_assets.generation.settings import SearchSettings
from sse_assets.generation.side_work import SideWork
from sse_assets.generation.winners import loose_space_groups
from sse_assets.tables.names import Operator


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


@dataclass(frozen=True)
class Evaluated:
    """Candidate that comes back from its evaluation."""

    proposal: Proposal
    evaluation: Evaluation
    seconds: float
    """Wall time in s since the candidate before it."""


@dataclass(frozen=True)
class Turn:
    """Answer of a search to the evaluations that it was given."""

    proposals: list[Proposal]
    """Candidates to evaluate next; none while others of their generation are out, or at the end."""
    progress: list[Progress]
    """State of the search after each candidate that it has written."""


class Search:
    """A search on its way: it gives out candidates to evaluate, and takes in their evaluations.

    It goes on from the last finished candidate in its journal. A candidate that fails gets a line with its
    reason and does not end the search.
    """

    def __init__(
        self,
        plan: Plan,
        settings: SearchSettings,
        journal_path: Path,
        starting_cells: Sequence[Atoms] = (),
    ) -> None:
        """Take what decides the search; the journal is opened by the first turn.

        Args:
            plan: composition, cell size and replicate.
            settings: settings of the search.
            journal_path: path of the journal.
            starting_cells: cells that candidates of the first generation begin in; the others are random.
        """
        self.plan, self.settings = plan, settings
        self._journal_path, self._starting_cells = journal_path, starting_cells
        self._journal: Journal | None = None
        self._history = History(settings)
        self._watch = Watch(plan, settings)
        self._out: set[str] = set()
        self._held_back: list[Proposal] = []

    @property
    def ended(self) -> bool:
        """True once there is nothing more to evaluate."""
        return self._history.ended and not (self._out or self._held_back)

    def turn(self, evaluated: Sequence[Evaluated], side_work: SideWork) -> Turn:
        """Write down what was evaluated, and make the next generation once this one is complete.

        Raises:
            JournalError: if the journal is that of another search, or damaged.
            ChildProcessError: if PyXtal cannot be imported.
        """
        journal = self._journal = self._journal or self._opened()
        written = self._finished(evaluated, side_work)
        proposals: list[Proposal] = []
        progress = [self._write(candidate, journal) for candidate in written]
        while not (self._out or self._held_back or self._history.ended):
            generation = len(self._history.best)
            there = [c for c in journal.candidates if c.generation == generation]
            indices = {c.index for c in there}
            wanted = enumerate(operators(self._history, len(self._starting_cells)))
            missing = {index: operator for index, operator in wanted if index not in indices}
            if not missing:
                self._history = side_work.do(closed, self._history, there)
                continue
            self._watch.begin(self._history, len(there), len(there) + len(missing))
            for made in side_work.do(propose, self.plan, self._history, missing, self._starting_cells):
                proposal = made.with_fresh_cell(self.plan, side_work.seeds)
                if proposal.candidate.failure is not None:
                    progress.append(self._write(proposal.candidate, journal))
                elif proposal.candidate.operator is Operator.DYNAMICS:
                    self._held_back.append(proposal)
                else:
                    proposals.append(proposal)
            self._out = {proposal.candidate.candidate_id for proposal in proposals}
        if self._held_back and not self._out:  # so that the lines of a journal have one order
            proposals, self._held_back = self._held_back, []
            self._out = {proposal.candidate.candidate_id for proposal in proposals}
        return Turn(proposals, progress)

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    @property
    def outcome(self) -> SearchOutcome:
        """Result of the search, once it has ended."""
        assert self._journal is not None, "the search has not begun"
        history = self._history
        candidates = sorted(
            (c for c in self._journal.candidates if c.generation < len(history.best)),
            key=lambda c: (c.generation, c.index),
        )
        failure = None if history.population else _commonest(candidates)
        return SearchOutcome(self.plan, candidates, history, failure)

    def _opened(self) -> Journal:
        identity = {"formula": self.plan.formula, "search": self.plan.name, **self.settings.identity()}
        if self._starting_cells:
            identity["starting_cells"] = _fingerprint(self._starting_cells)
        return Journal(self._journal_path, identity)

    def _write(self, candidate: Candidate, journal: Journal) -> Progress:
        journal.add(candidate)
        self._out.discard(candidate.candidate_id)
        return self._watch.count()

    def _finished(self, evaluated: Sequence[Evaluated], side_work: SideWork) -> list[Candidate]:
        if not evaluated:
            return []
        enthalpies = {c.candidate_id: c.enthalpy_ev_per_atom for c in self._history.population}
        cells = [one.evaluation.atoms if one.evaluation.failure is None else None for one in evaluated]
        groups = side_work.do(loose_space_groups, cells)
        return [
            _candidate(one, enthalpies, space_group)
            for one, space_group in zip(evaluated, groups, strict=True)
        ]


def _candidate(one: Evaluated, enthalpies: dict[str, float], space_group: str | None) -> Candidate:
    candidate, evaluation = one.proposal.candidate, one.evaluation
    better = min((enthalpies[parent] for parent in candidate.parents), default=nan)
    sound = evaluation.failure is None
    return replace(
        candidate,
        **vars(evaluation),
        delta_ev_per_atom=evaluation.enthalpy_ev_per_atom - better if sound else nan,
        space_group=space_group,
        seconds=one.seconds,
    )


def _fingerprint(cells: Sequence[Atoms]) -> str:
    """Return a text that is equal for equal cells, to 1e-6 Å."""
    numbers = [
        (a.numbers.tolist(), a.cell.array.round(6).tolist(), a.positions.round(6).tolist()) for a in cells
    ]
    return sha256(json.dumps(numbers).encode()).hexdigest()[:12]


def _commonest(candidates: Sequence[Candidate]) -> str:
    reasons = Counter(candidate.failure for candidate in candidates if candidate.failure)
    if not reasons:
        return "no candidate was evaluated"
    reason, count = reasons.most_common(1)[0]
    return f"none of {len(candidates)} candidates became a structure; {count} times: {reason}"
