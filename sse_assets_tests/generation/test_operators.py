import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, sort

from sse_assets.generation.operators import child, parents_needed, too_close
from sse_assets.tables.names import Operator

ONE = sort(bulk("LiS", "rocksalt", 5.2, cubic=True))
OTHER = sort(bulk("LiS", "zincblende", 5.8, cubic=True))
CHANGING = [Operator.HEREDITY, Operator.RATTLE, Operator.STRAIN, Operator.PERMUTATION]


def made(operator: Operator, seed: int) -> Atoms | None:
    return child(operator, [ONE, OTHER][: parents_needed(operator)], [ONE, OTHER], seed)


@pytest.mark.parametrize("operator", CHANGING)
def test_children_keep_the_composition_and_their_distance_and_follow_from_their_seed(
    operator: Operator,
) -> None:
    children = [found for seed in range(12) if (found := made(operator, seed)) is not None]
    assert len(children) >= 6
    for found in children:
        assert np.array_equal(found.numbers, ONE.numbers)
        assert not too_close(found)
    again = next(found for seed in range(12) if (found := made(operator, seed)) is not None)
    assert np.array_equal(again.positions, children[0].positions)
    assert not np.allclose(children[0].positions, children[1].positions)


def test_each_operator_changes_what_it_should() -> None:
    rattled, strained, swapped = (made(operator, 1) for operator in CHANGING[1:])
    assert np.array_equal(rattled.cell.array, ONE.cell.array)
    assert not np.allclose(strained.cell.array, ONE.cell.array)
    assert np.allclose(strained.get_volume(), (ONE.get_volume() + OTHER.get_volume()) / 2)
    sites = {tuple(np.round(position, 6)) for position in swapped.get_positions(wrap=True)}
    assert sites == {tuple(np.round(position, 6)) for position in ONE.get_positions(wrap=True)}
    assert not np.allclose(swapped.positions, ONE.positions)


def test_too_close_looks_at_images_too() -> None:
    assert too_close(Atoms("Li", cell=[1.2, 5, 5], pbc=True))
    assert not too_close(Atoms("Li", cell=[2.5, 5, 5], pbc=True))
