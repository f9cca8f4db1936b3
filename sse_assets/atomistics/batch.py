"""Crystals of a batch on their way through one procedure; each leaves it when it is done or unfit."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.guards import Deadline, judged, response_flaws, shape_flaws, well_shaped
from sse_assets.atomistics.potential import Potential, Response


@dataclass(frozen=True)
class Outcome:
    """Result of a procedure on a batch."""

    cells: Cells
    """Every crystal of the batch as it was left."""
    flaws: list[str | None]
    """Sentence on why a crystal had to leave; None where it went through."""
    steps: list[int]
    """Number of evaluations of the forces of each crystal."""


class UnderWay:
    """A batch that shrinks: `cells` holds the crystals that still move."""

    def __init__(self, cells: Cells, potential: Potential, deadline: Deadline) -> None:
        self.cells, self._all = cells, cells
        self._potential, self._deadline = potential, deadline
        self.members = torch.arange(len(cells), device=cells.owner.device)
        """Place in the whole batch of each crystal that still moves: (crystals,)."""
        self.flaws: list[str | None] = [None] * len(cells)
        """Sentence on why a crystal of the whole batch had to leave; None where it did not."""
        self._steps = torch.zeros_like(self.members)
        self._response: Response | None = None

    @property
    def response(self) -> Response:
        """Energies, forces and stresses of the crystals under way, where they are now."""
        assert self._response is not None, "nothing has been asked yet"
        return self._response

    def move(self, positions: Tensor, lattices: Tensor) -> Tensor:
        """Move the crystals, ask the potential, and part from those that have become unfit.

        Returns:
            A mask of the crystals that are still there: (crystals,). The caller drops what it holds on the
            others.
        """
        self.cells, self._response = self.cells.moved(positions, lattices), None
        late = self._deadline.flaw
        shaped = well_shaped(self.cells)
        if late or not bool(shaped.all()):
            shaped = self.leave([late or flaw for flaw in shape_flaws(self.cells)])
        if len(self.cells) == 0:
            return shaped
        self._response = self._potential(self.cells)
        self._steps[self.members] += 1
        answered = judged(self.cells, self.response)
        if not bool(answered.all()):
            answered = self.leave(response_flaws(self.cells, self.response))
        kept = shaped.clone()
        kept[shaped] = answered
        return kept

    def leave(self, flaws: list[str | None]) -> Tensor:
        """Part from the crystals with a flaw; return a mask of those that stay: (crystals,)."""
        for member, flaw in zip(self.members.tolist(), flaws, strict=True):
            self.flaws[member] = flaw
        return self.finish(torch.tensor([flaw is not None for flaw in flaws], device=self.members.device))

    def finish(self, done: Tensor) -> Tensor:
        """Part from the crystals that are done (crystals,); return a mask of those that stay (crystals,)."""
        if bool(done.any()):
            gone = torch.zeros(len(self._all), dtype=torch.bool, device=done.device)
            gone[self.members[done]] = True
            self._all = self._all.updated(gone, self.cells.only(done))
            self.members = self.members[~done]
            if self._response is not None:
                self._response = self._response.only(~done, self.cells.owner)
            self.cells = self.cells.only(~done)
        return ~done

    def outcome(self) -> Outcome:
        """Return how each crystal was left; those under way are taken as they are now."""
        self.finish(torch.ones(len(self.cells), dtype=torch.bool, device=self.members.device))
        return Outcome(self._all, self.flaws, self._steps.tolist())
