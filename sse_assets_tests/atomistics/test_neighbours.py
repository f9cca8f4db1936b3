import numpy as np
import pytest
import torch
from ase import Atoms
from ase.neighborlist import neighbor_list

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.neighbours import near_pairs, pairs_within_groups
from sse_assets_tests.atomistics.crystals import copper, lithium_fluoride, thiophosphate_like


def skewed() -> Atoms:
    """Return a flat cell with atoms outside it, whose neighbours lie three images away."""
    cell = [[3.1, 0.0, 0.0], [2.4, 2.9, 0.0], [-1.2, 0.8, 2.2]]
    return Atoms("LiF", positions=[[0.1, -7.0, 9.0], [15.0, 1.5, 1.1]], cell=cell, pbc=True)


def test_pairs_are_those_of_ase_whatever_the_cell_and_its_company() -> None:
    crystals = [skewed(), thiophosphate_like(), lithium_fluoride(rattle=0.2), copper()[1]]
    cells = Cells.of(crystals)
    pairs = near_pairs(cells, 6.0)
    for index, atoms in enumerate(crystals):
        mine = cells.owner[pairs.first] == index
        first, second, vectors = neighbor_list("ijD", atoms, 6.0)
        offset = int((cells.owner < index).sum())
        one, other, forth = pairs.first[mine] - offset, pairs.second[mine] - offset, pairs.vectors[mine]
        both_ways = np.concatenate(
            [np.column_stack([one, other, forth]), np.column_stack([other, one, -forth])]
        )
        theirs = np.column_stack([first, second, vectors])
        assert len(both_ways) == len(theirs)
        assert np.allclose(_ordered(both_ways), _ordered(theirs), atol=1e-9)


def _ordered(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(np.round(rows, 6).T[::-1])]


def test_pairs_within_groups_are_ordered_and_of_different_members() -> None:
    first, second = pairs_within_groups(torch.tensor([1, 0, 1, 3, 1]), 4)
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    assert found == {(0, 2), (0, 4), (2, 0), (2, 4), (4, 0), (4, 2)}
    assert len(first) == 6


def test_a_crystal_comes_out_of_a_batch_as_it_went_in() -> None:
    crystals = [thiophosphate_like(), lithium_fluoride(), copper()[0]]
    cells = Cells.of(crystals).only(torch.tensor([True, False, True]))
    for atoms, before in zip(cells.to_atoms(), [crystals[0], crystals[2]], strict=True):
        assert atoms.symbols.get_chemical_formula() == before.symbols.get_chemical_formula()
        assert atoms.positions == pytest.approx(before.positions)
        assert atoms.cell.array == pytest.approx(before.cell.array)
