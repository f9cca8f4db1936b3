import numpy as np
import pytest
from pymatgen.core import Composition, Lattice

from sse_assets.prototypes.aflow import aflow_prototypes
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.mapping import Sites, place, target
from sse_assets.prototypes.structures import choose, read_prototypes
from sse_assets.sources.sample import load_structures
from sse_assets_tests.prototypes.crystal_examples import (
    ANTIPEROVSKITE,
    FLUORITE,
    LITHIUM_CHLORIDE,
    PEROVSKITE,
    known,
)

FORMULAS = ["Li6PS5Br", "Li1.2Al0.2Ti1.8P3O12", "Li6.5La3Zr1.5Ta0.5O12", "Li3OBr", "Li2OHCl", "Li2S", "LiBH4"]


@pytest.fixture(scope="module")
def library() -> list[Prototype]:
    structures = load_structures().assign(doi=None, family=None)
    return [*read_prototypes(structures.iloc[::3])[0], *aflow_prototypes()[::4]]


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_best_is_the_one_that_trying_all_finds(formula: str, library: list[Prototype]) -> None:
    wanted = target(Composition(formula))
    chooser = Chooser(library)
    lowest = cheapest = np.inf
    for parent in chooser.prototypes:
        mapping = place(wanted, parent, Sites.of(parent.orbits).costs(wanted))
        if mapping is not None and mapping.is_complete:
            cheapest = min(cheapest, mapping.cost)
            shares = {s: Composition(formula).get_atomic_fraction(s) for s in wanted.symbols}
            distance = sum(
                abs(parent.fractions.get(s, 0) - shares.get(s, 0)) for s in {*parent.fractions, *shares}
            )
            lowest = min(lowest, mapping.cost + 2 * distance)
    found = chooser.best(wanted)
    assert (np.inf if found is None else found[0].cost + 2 * found[1]) == pytest.approx(lowest)
    if np.isfinite(cheapest):
        assert chooser.is_within(wanted, cheapest + 1e-6)
        assert not chooser.is_within(wanted, cheapest - 1e-6)


def test_no_placement_costs_less_than_its_lower_bound(library: list[Prototype]) -> None:
    chooser = Chooser(library)
    for formula in FORMULAS:
        wanted = target(Composition(formula))
        bounds = chooser._lower_bounds(
            wanted, Sites.of([o for p in chooser.prototypes for o in p.orbits]).costs(wanted)
        )
        for bound, parent in zip(bounds, chooser.prototypes, strict=True):
            mapping = place(wanted, parent, Sites.of(parent.orbits).costs(wanted))
            assert mapping is None or mapping.cost >= bound - 1e-9


def test_the_reported_family_comes_first() -> None:
    chooser = Chooser(
        [known(ANTIPEROVSKITE, "x:one"), known(ANTIPEROVSKITE, "x:two", family="Anti-perovskite (Halide)")]
    )
    wanted = target(Composition("Li3OBr"))
    for family, expected in (("Anti-perovskite (Halide)", "x:two"), ("Other (Halide)", "x:one")):
        found = choose(chooser, wanted, family)
        assert found is not None
        assert found[0].prototype.source.structure_id == expected


def test_a_family_without_a_place_for_all_gives_way_to_the_others() -> None:
    chooser = Chooser([known(FLUORITE, "x:one", family="Garnet (Oxide)"), known(LITHIUM_CHLORIDE, "x:two")])
    found = choose(chooser, target(Composition("LiBr")), "Garnet (Oxide)")
    assert found is not None
    assert found[0].prototype.source.structure_id == "x:two"


def test_the_nearest_composition_breaks_a_tie() -> None:
    nearer = PEROVSKITE.copy()
    nearer.replace(0, {"Li": 0.33, "La": 0.557})
    chooser = Chooser([known(PEROVSKITE, "x:far"), known(nearer, "x:near")])
    found = chooser.best(target(Composition("Li0.33La0.557TiO3")))
    assert found is not None
    assert found[0].prototype.source.structure_id == "x:near"
    assert found[1] == pytest.approx(0, abs=1e-9)


def test_a_crystal_with_atoms_too_close_is_no_parent() -> None:
    squeezed = known(LITHIUM_CHLORIDE.copy().apply_strain(-0.6, inplace=False), "x:squeezed")
    assert Chooser([squeezed, known(FLUORITE)]).prototypes[0].source.structure_id == "x:known"


def test_a_cell_is_compared_by_edges_angles_group_and_content() -> None:
    chooser = Chooser([known(LITHIUM_CHLORIDE)])
    assert chooser.of_cell(Lattice.cubic(5.3), 225, 4) == [0]
    assert chooser.of_cell(Lattice.cubic(5.3), 225, None) == [0]
    assert chooser.of_cell(Lattice.cubic(5.5), 225, 4) == []
    assert chooser.of_cell(Lattice.rhombohedral(5.3, 87), 225, 4) == []
    assert chooser.of_cell(Lattice.cubic(5.3), 216, 4) == []
    assert chooser.of_cell(Lattice.cubic(5.3), 225, 8) == []


def test_the_content_of_a_cell_is_a_whole_number_of_primitive_cells() -> None:
    chooser = Chooser([known(LITHIUM_CHLORIDE, "x:f"), known(ANTIPEROVSKITE, "x:p")])  # 1 and 2 anions
    assert [chooser.of_content(anions) for anions in (1, 2, 3, 4)] == [[0], [0, 1], [0], [0, 1]]


def test_ranked_placements_are_in_order() -> None:
    chooser = Chooser(
        [known(PEROVSKITE, "x:a"), known(ANTIPEROVSKITE, "x:b"), known(LITHIUM_CHLORIDE, "x:c")]
    )
    wanted = target(Composition("Li3OBr"))
    ranked = chooser.ranked(wanted, 5)
    totals = [mapping.cost + 2 * distance for mapping, distance in ranked]
    assert totals == sorted(totals)
    assert ranked[0][0].prototype.source.structure_id == "x:b"
    assert chooser.ranked(wanted, 5, []) == []
