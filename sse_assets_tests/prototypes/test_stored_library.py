"""The library as a run stores it: the same crystals, the same placements, and what a formula is told."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.prototypes.aflow import aflow_prototypes
from sse_assets.prototypes.library import with_signs_reversed
from sse_assets.prototypes.stored_library import Library
from sse_assets.prototypes.structures import prototype_structures, read_prototypes
from sse_assets.sources.sample import load_structures
from sse_assets.tables import generated
from sse_assets_tests.prototypes.crystal_examples import (
    ANTIPEROVSKITE,
    FLUORITE,
    LITHIUM_BROMIDE,
    LITHIUM_OXIDE,
    PEROVSKITE,
    known,
)

CRYSTALS = [
    known(ANTIPEROVSKITE, "x:li3ocl", doi="10.1/a|10.1/b", family="Anti-perovskite"),
    known(LITHIUM_BROMIDE, "x:libr", doi="10.1/c"),
    known(PEROVSKITE, "x:llto"),
    with_signs_reversed(known(FLUORITE, "x:caf2")),
    with_signs_reversed(known(LITHIUM_OXIDE, "x:caf2")),
]
NEAR = "Li3OCl0.98Br0.02"


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.of(CRYSTALS)


def test_a_stored_library_is_the_one_that_was_stored(library: Library) -> None:
    table = library.table()
    generated.PROTOTYPE_LIBRARY.check(table)
    again = Library.read(table[::-1])
    assert again.volumes == library.volumes
    for one, other in zip(library.chooser.prototypes, again.chooser.prototypes, strict=True):
        assert one.source == other.source
        assert (one.key, one.anions, one.reversed, one.exclusions) == (
            other.key,
            other.anions,
            other.reversed,
            other.exclusions,
        )
        assert [(orbit.label, orbit.occupants) for orbit in one.orbits] == [
            (orbit.label, orbit.occupants) for orbit in other.orbits
        ]
    for formula in (NEAR, "Li0.31La0.563TiO3", "Li2O"):
        placed, sentence = library.of_formula(formula)
        found, said = again.of_formula(formula)
        assert said == sentence
        assert (placed is None) is (found is None)
        if placed is not None and found is not None:
            np.testing.assert_allclose(found.structure.distance_matrix, placed.structure.distance_matrix)
            assert found.structure.composition.almost_equals(placed.structure.composition)


def test_a_near_relative_is_named_with_its_paper_and_cost(library: Library) -> None:
    placed, sentence = library.of_formula(NEAR)
    assert placed is not None
    assert sentence.startswith("Li3ClO (x:li3ocl, 10.1/a|10.1/b), at a cost of 0.0")
    assert placed.structure.composition.get_atomic_fraction("Br") == pytest.approx(0.004, abs=1e-4)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("LiI", "how large I is"),
        ("Li3PO4", "at a cost of 0.25 for each anion or less"),
        ("LiOH", "at a cost of 0.25 for each anion or less"),
        ("Li3Al2", "cannot be ions of both signs"),
    ],
)
def test_a_composition_without_a_trusted_prototype_has_the_reason(
    library: Library, formula: str, words: str
) -> None:
    placed, sentence = library.of_formula(formula)
    assert placed is None
    assert words in sentence


@pytest.mark.parametrize(("keys", "papers"), [({CRYSTALS[0].key}, set()), (set(), {"10.1/b"})])
def test_a_library_without_a_composition_or_a_paper_has_not_its_crystal(
    library: Library, keys: set[str], papers: set[str]
) -> None:
    left = [known.source.structure_id for known in library.without(keys, papers).chooser.prototypes]
    assert left == ["x:libr", "x:llto", "x:caf2", "x:caf2"]


def test_a_stored_library_places_the_rows_of_a_table_as_the_one_that_was_stored() -> None:
    """So that a row of the inbox need not read every CIF again."""
    structures = load_structures().assign(doi=None, family=None)
    made = Library.of([*read_prototypes(structures.iloc[::2])[0], *aflow_prototypes()[::4]])
    rows = pd.DataFrame({"formula": ["Li6PS5Br", "Li1.2Al0.2Ti1.8P3O12", "Li3YCl6", "Li3OBr", "LiBH4"]})
    unknown = ["family", "z", "a", "b", "c", "alpha", "beta", "gamma", "space_group", "space_group_number"]
    rows = rows.assign(electrolyte_id=rows["formula"]).assign(**dict.fromkeys(unknown))
    again = Library.read(made.table())
    placed, placed_again = (
        prototype_structures(rows, types.chooser, types.volumes) for types in (made, again)
    )
    assert placed["cif"].notna().sum() >= 3
    pd.testing.assert_frame_equal(placed_again, placed, check_exact=True)
