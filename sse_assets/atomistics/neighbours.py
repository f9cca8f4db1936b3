"""Pairs of near atoms in many crystals at once, periodic images included."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sse_assets.atomistics.cells import Cells


@dataclass(frozen=True)
class Pairs:
    """Pairs of atoms closer than a cutoff; each pair of images is there once."""

    first: Tensor
    """Index of one atom: (pairs,)."""
    second: Tensor
    """Index of the other atom, never smaller: (pairs,)."""
    vectors: Tensor
    """Vectors in Å from the first to the second: (pairs, 3), float64."""


def near_pairs(cells: Cells, cutoff_a: float) -> Pairs:
    """Find every pair of atoms closer than a cutoff.

    The distances of all pairs in all images within reach are computed. For cells of up to some hundred atoms
    this takes less time than sorting atoms into boxes, and the operations are few for any number of crystals.
    """
    device = cells.positions.device
    inverse = torch.linalg.inv(cells.lattices)
    fractional = cells.positions.unsqueeze(1) @ inverse[cells.owner]
    wrapped = ((fractional - fractional.floor()) @ cells.lattices[cells.owner]).squeeze(1)

    # Plane spacings are the inverse lengths of the reciprocal vectors; wrapped atoms lie within one cell.
    spacings = 1 / inverse.norm(dim=1)
    reach = (cutoff_a / spacings).floor().long() + 1
    spans = 2 * reach + 1
    sizes = cells.sizes
    starts = sizes.cumsum(0) - sizes
    within, crystal = _count_up(sizes**2 * spans.prod(1))

    size = sizes[crystal]
    image, pair = within // size**2, within % size**2
    first, second = pair // size, pair % size
    span = spans[crystal]
    shifts = torch.stack(
        [image // (span[:, 1] * span[:, 2]), image // span[:, 2] % span[:, 1], image % span[:, 2]], dim=1
    )
    shifts -= reach[crystal]
    # One direction of each pair is kept; for an atom and its own images that is half of the images.
    leading = (shifts * torch.tensor([1_000_000, 1_000, 1], device=device)).sum(1)
    once = (first < second) | ((first == second) & (leading > 0))
    crystal, shifts = crystal[once], shifts[once]
    first, second = first[once] + starts[crystal], second[once] + starts[crystal]
    vectors = wrapped[second] - wrapped[first]
    vectors += (shifts.to(wrapped).unsqueeze(1) @ cells.lattices[crystal]).squeeze(1)
    near = vectors.square().sum(1) < cutoff_a**2
    return Pairs(first[near], second[near], vectors[near])


def pairs_within_groups(group: Tensor, n_groups: int) -> tuple[Tensor, Tensor]:
    """Find every ordered pair of different members of the same group.

    Args:
        group: group of each member: (members,).
        n_groups: number of groups.

    Returns:
        Indices of the first and of the second members, each (pairs,).
    """
    order = group.argsort(stable=True)
    sizes = torch.bincount(group, minlength=n_groups)
    starts = sizes.cumsum(0) - sizes
    within, owner = _count_up(sizes**2)
    first, second = within // sizes[owner], within % sizes[owner]
    different = first != second
    owner = owner[different]
    return order[first[different] + starts[owner]], order[second[different] + starts[owner]]


def _count_up(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return 0, 1, … below each count, one count after another, and the index of the count."""
    owner = torch.repeat_interleave(counts)
    starts = counts.cumsum(0) - counts
    return torch.arange(len(owner), device=counts.device) - starts[owner], owner
