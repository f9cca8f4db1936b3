"""Compositions on the orbits of known crystals, with answers that a chemist would write down."""

import numpy as np
import pytest
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.prototypes.library import with_signs_reversed
from sse_assets.prototypes.mapping import Mapping, UnmappableError, target
from sse_assets.prototypes.structures import TRUSTED_COST
from sse_assets_tests.prototypes.crystal_examples import (
    ANTIPEROVSKITE,
    FLUORITE,
    LITHIUM_OXIDE,
    PEROVSKITE,
    known,
    placed,
)


def held(mapping: Mapping | None, site: str) -> dict[str, float]:
    """Return what the orbit of an element of the parent holds."""
    assert mapping is not None
    number = next(n for n, orbit in enumerate(mapping.prototype.orbits) if orbit.main.symbol == site)
    column = mapping.occupancies[:, number]
    return {
        s: pytest.approx(x, abs=1e-6) for s, x in zip(mapping.target.symbols, column, strict=True) if x > 1e-3
    }


def test_a_composition_in_its_own_crystal_costs_nothing() -> None:
    mapping = placed("Li3OCl", known(ANTIPEROVSKITE))
    assert mapping is not None
    assert mapping.cost == pytest.approx(0, abs=1e-9)
    assert mapping.is_complete


def test_each_ion_takes_the_place_of_its_like() -> None:
    mapping = placed("Sr0.25Li0.25La0.25Nb0.25Ti0.75O3", known(PEROVSKITE))
    assert held(mapping, "Ti") == {"Ti": 0.75, "Nb": 0.25}
    assert held(mapping, "La") == {"Li": 0.25, "Sr": 0.25, "La": 0.25}


def test_the_number_of_formula_units_changes_nothing() -> None:
    one, three = placed("Li3OBr", known(ANTIPEROVSKITE)), placed("Li9O3Br3", known(ANTIPEROVSKITE))
    assert one is not None
    assert three is not None
    assert three.cost == pytest.approx(one.cost)
    np.testing.assert_allclose(three.occupancies, one.occupancies, atol=1e-9)


def test_vacancies_and_excess_go_where_they_are_cheap() -> None:
    emptier, fuller = placed("La0.6667TiO3", known(PEROVSKITE)), placed("Li0.5La0.5TiO3", known(PEROVSKITE))
    assert held(emptier, "La") == {"La": 0.6667}
    assert held(fuller, "La") == {"Li": 0.5, "La": 0.5}
    assert held(fuller, "Ti") == {"Ti": 1.0}
    assert emptier is not None
    assert emptier.cost > 0


def test_no_site_holds_more_than_one_atom() -> None:
    mapping = placed("Li1.5La0.1667TiO3", known(PEROVSKITE))
    assert mapping is not None
    assert mapping.occupancies.sum(axis=0).max() <= 1 + 1e-9
    assert not mapping.is_complete


def test_split_sites_are_not_filled_twice() -> None:
    split = Structure.from_spacegroup(
        "P-1", Lattice.cubic(4.0), [{"Li": 0.5}, "Cl"], [[0.1, 0, 0], [0.5, 0.5, 0.5]]
    )
    mapping = placed("Li2O", known(split))
    assert mapping is not None
    assert mapping.content["Li"] == pytest.approx(1.0)  # the other has no place
    assert not mapping.is_complete


def test_hydrogen_never_takes_the_site_of_lithium() -> None:
    """Li2OHCl in the antiperovskite left H at 1.39 Å from O, in Li's place."""
    assert placed("Li2OHCl", known(ANTIPEROVSKITE)) is None


def test_lithium_never_takes_the_site_of_hydrogen() -> None:
    hydroxide = Structure(
        Lattice.tetragonal(3.55, 4.33),
        ["Li", "Li", "O", "O", "H", "H"],
        [[0, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.19], [0.5, 0, 0.81], [0, 0.5, 0.41], [0.5, 0, 0.59]],
    )
    parent = known(hydroxide)
    own, oxide = placed("LiOH", parent), placed("Li2O", parent)
    assert own is not None
    assert own.cost == pytest.approx(0, abs=1e-9)
    assert oxide is not None
    assert held(oxide, "H") == {}
    assert not oxide.is_complete


def test_an_antitype_comes_from_reversed_signs() -> None:
    plain = placed("Li2S", known(FLUORITE))
    reversed_signs = placed("Li2S", with_signs_reversed(known(FLUORITE)))
    assert held(reversed_signs, "Ca") == {"S": 1.0}
    assert held(reversed_signs, "F") == {"Li": 1.0}
    assert reversed_signs is not None
    assert plain is None or plain.cost > reversed_signs.cost


def test_an_oxide_in_the_place_of_a_sulfide_is_dear() -> None:
    """Li2SiO3 in the type of Li2SiS3 relaxed to 264 meV/atom above its own form."""
    mapping = placed("Li2S", known(LITHIUM_OXIDE))
    assert mapping is not None
    assert mapping.cost > 2 * TRUSTED_COST


def test_words_name_each_orbit_and_what_it_holds() -> None:
    mapping = placed("Li3OBr", known(ANTIPEROVSKITE))
    assert mapping is not None
    words = mapping.words.split("; ")
    assert len(words) == 3
    assert any(word.endswith("Cl: Br 1") for word in words)


def test_an_alloy_cannot_be_placed() -> None:
    with pytest.raises(UnmappableError, match="both signs"):
        target(Composition("LiAl"))
