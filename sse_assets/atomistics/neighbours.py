"""Pairs of near atoms in many crystals at once, periodic images included."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sse_assets.atomistics.cells import Cells

_MARGIN = 1e-9
"""Part of a cell by which images further out are looked at, against the rounding of coordinates."""


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

    Each atom meets every image that lies in its cell or within the cutoff of one of its faces. For cells of
    up to some hundred atoms this takes less time than sorting atoms into boxes, and the operations are few
    for any number of crystals.
    """
    inverse = torch.linalg.inv(cells.lattices)
    fractional = (cells.positions.unsqueeze(1) @ inverse[cells.owner]).squeeze(1)
    fractional = fractional - fractional.floor()

    # Plane spacings are the inverse lengths of the reciprocal vectors; wrapped atoms lie within one cell.
    reach = cutoff_a * inverse.norm(dim=1)
    layers = reach.floor().long() + 1
    spans = 2 * layers + 1
    image, atom = _count_up(spans.prod(1)[cells.owner])
    span, layer = spans[cells.owner[atom]], layers[cells.owner[atom]]
    shifts = (
        torch.stack(
            [image // (span[:, 1] * span[:, 2]), image // span[:, 2] % span[:, 1], image % span[:, 2]], dim=1
        )
        - layer
    )
    images = fractional[atom] + shifts
    margin = reach[cells.owner[atom]] + _MARGIN
    close = ((images > -margin) & (images < 1 + margin)).all(1)
    atom, shifts, images = atom[close], shifts[close], images[close]
    # Of an atom and its own images, one direction is kept.
    leads = (shifts * torch.tensor([1_000_000, 1_000, 1], device=shifts.device)).sum(1) > 0

    owner = cells.owner[atom]
    places = (images.unsqueeze(1) @ cells.lattices[owner]).squeeze(1)
    positions = (fractional.unsqueeze(1) @ cells.lattices[cells.owner]).squeeze(1)
    n_images = torch.bincount(owner, minlength=len(cells))
    starts = n_images.cumsum(0) - n_images
    within, first = _count_up(n_images[cells.owner])
    image = within + starts[cells.owner][first]
    second = atom[image]
    once = (first < second) | ((first == second) & leads[image])
    first, image = first[once], image[once]
    vectors = places.index_select(0, image) - positions.index_select(0, first)
    near = (vectors.square().sum(1) < cutoff_a**2).nonzero().squeeze(1)
    return Pairs(first[near], atom[image[near]], vectors[near])


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
