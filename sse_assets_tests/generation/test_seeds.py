import time
from collections.abc import Callable

import numpy as np
import pytest
from pymatgen.core import Composition

from sse_assets.generation.operators import too_close
from sse_assets.generation.seeds import NoSeedError, SeedMaker
from sse_assets.generation.winners import loose_space_group
from sse_assets_tests import misbehaviour


def test_cells_have_symmetry_the_composition_and_room_and_follow_from_their_seed() -> None:
    composition = Composition("Li6N2")
    with SeedMaker() as maker:
        cells = [maker.random_cell(composition, seed) for seed in range(6)]
    with SeedMaker() as maker:
        again = maker.random_cell(composition, 3)

    assert np.array_equal(again.positions, cells[3].positions)
    assert np.array_equal(again.cell.array, cells[3].cell.array)
    assert {cell.get_chemical_formula() for cell in cells} == {"Li6N2"}
    assert not any(too_close(cell) for cell in cells)
    groups = [loose_space_group(cell) for cell in cells]
    assert len(set(groups)) >= 4
    assert groups.count("P1") <= 1


@pytest.mark.parametrize("function", [misbehaviour.hang, misbehaviour.die])
def test_a_generator_that_hangs_or_dies_is_a_reason(function: Callable[..., None]) -> None:
    before = time.monotonic()
    no_answer = pytest.raises(NoSeedError, match="3 times it gave no answer")
    name = f"{misbehaviour.__name__}:{function.__name__}"
    with SeedMaker(time_limit_s=0.2, function=name) as maker, no_answer:
        maker.random_cell(Composition("Li2S"), 0)
    assert time.monotonic() - before < 10


def test_a_generator_that_cannot_start_says_so() -> None:
    no_start = pytest.raises(ChildProcessError, match="install this project again")
    with SeedMaker(function="no_such_module:random_cell") as maker, no_start:
        maker.random_cell(Composition("Li2S"), 0)
