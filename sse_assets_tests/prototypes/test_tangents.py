import numpy as np
import pytest
from pymatgen.core import Composition

from sse_assets.prototypes import choice
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.mapping import Mapping, Target, place, target
from sse_assets.prototypes.tangents import Tangents
from sse_assets_tests.prototypes.crystal_examples import ANTIPEROVSKITE, LAYERED, PEROVSKITE, known, placed

SERIES = [f"Li{x:g}La{(2 - x) / 3:.4f}TiO3" for x in (0.1, 0.2, 0.3, 0.4, 0.5)]


def mapped(formula: str) -> Mapping:
    mapping = placed(formula, known(PEROVSKITE))
    assert mapping is not None
    return mapping


def test_a_plane_touches_the_cost_where_it_was_made_and_is_nowhere_above_it() -> None:
    for formula in SERIES:
        tangents = Tangents()
        tangents.add(mapped(formula), 1)
        for other in SERIES:
            nothing, bound = tangents.bounds(target(Composition(other)), 2)
            assert nothing == -np.inf
            assert bound <= mapped(other).cost + 1e-9
        assert tangents.bounds(target(Composition(formula)), 2)[1] == pytest.approx(mapped(formula).cost)


def test_planes_of_other_ions_say_nothing() -> None:
    tangents = Tangents()
    tangents.add(mapped(SERIES[0]), 0)
    assert tangents.bounds(target(Composition("Li0.5La0.5ZrO3")), 1)[0] == -np.inf


def test_a_series_is_told_apart_as_its_members_are_and_with_fewer_programs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parents = [known(ANTIPEROVSKITE, "x:a"), known(LAYERED, "x:b")]
    series = [target(Composition(f"Li{1 + x}Na{1 - x}Cl2")) for x in (0.1, 0.3, 0.4, 0.5, 0.6)]
    programs: list[str] = []

    def counted(wanted: Target, parent: Prototype, costs: np.ndarray) -> Mapping | None:
        programs.append(parent.source.structure_id)
        return place(wanted, parent, costs)

    monkeypatch.setattr(choice, "place", counted)
    together = Chooser(parents)
    assert [together.is_within(wanted, 0.15) for wanted in series] == [True, *[False] * 4]
    assert programs == ["x:b"]  # the first tells all that follow
    best = [together.best(wanted) for wanted in series]
    alone = [Chooser(parents).best(wanted) for wanted in series]
    for one, other in zip(best, alone, strict=True):
        assert one is not None
        assert other is not None
        assert one[0].prototype is other[0].prototype
        assert one[0].cost == pytest.approx(other[0].cost, abs=1e-9)
