import math

import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.materials.crystal import read_crystal
from sse_assets.prototypes.crystal import (
    UnsoundCrystalError,
    cif_text,
    in_cell,
    require_sound,
    substituted,
)
from sse_assets.prototypes.volume import VolumeModel
from sse_assets.tables.names import Reason
from sse_assets_tests.prototypes.crystal_examples import (
    ANTIPEROVSKITE,
    LITHIUM_CHLORIDE,
    PEROVSKITE,
    known,
    placed,
)

VOLUMES = VolumeModel({"Li": 10.0, "O": 12.0, "Cl": 24.0, "Br": 32.0, "La": 25.0, "Ti": 20.0, "Sr": 24.0})


def test_the_volume_follows_half_the_logarithm_of_the_ratio() -> None:
    mapping = placed("Li3OBr", known(ANTIPEROVSKITE))
    assert mapping is not None
    structure = substituted(mapping, VOLUMES)
    assert structure.volume == pytest.approx(ANTIPEROVSKITE.volume * math.sqrt(74 / 66))
    assert structure.composition.reduced_formula == "Li3BrO"


def test_a_given_cell_is_kept() -> None:
    mapping = placed("Li3OBr", known(ANTIPEROVSKITE))
    assert mapping is not None
    structure = in_cell(mapping, Lattice.cubic(4.02))
    assert structure.lattice.a == 4.02
    assert sorted(site.species_string for site in structure) == ["Br", "Li", "Li", "Li", "O"]


def test_the_cif_keeps_symmetry_and_partial_occupancies() -> None:
    mapping = placed("Li0.33La0.557TiO3", known(PEROVSKITE))
    assert mapping is not None
    structure = substituted(mapping, VOLUMES)
    again = read_crystal(cif_text(structure))
    assert again.space_group == "Pm-3m"
    assert again.structure.lattice.parameters == pytest.approx(structure.lattice.parameters, abs=1e-5)
    assert again.composition["La"] == pytest.approx(0.557, abs=1e-3)
    assert again.composition["Li"] == pytest.approx(0.33, abs=1e-3)


def test_atoms_that_overlap_are_refused() -> None:
    mapping = placed("LiCl", known(LITHIUM_CHLORIDE))
    assert mapping is not None
    require_sound(in_cell(mapping, Lattice.cubic(5.13)))
    with pytest.raises(UnsoundCrystalError, match=r"are 1\.25 Å apart and both there") as caught:
        require_sound(in_cell(mapping, Lattice.cubic(2.5)))
    assert caught.value.code is Reason.OVERLAPPING_ATOMS


def test_alternatives_of_one_atom_may_be_close() -> None:
    split = Structure(
        Lattice.cubic(5.0), [{"Li": 0.5}, {"Li": 0.5}, "Cl"], [[0, 0, 0], [0.1, 0, 0], [0.5, 0.5, 0.5]]
    )
    require_sound(split)


def test_charges_that_do_not_balance_are_refused() -> None:
    short_of_lithium = Structure(Lattice.cubic(5.0), [{"Li": 0.8}, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(UnsoundCrystalError, match="without counterpart") as caught:
        require_sound(short_of_lithium)
    assert caught.value.code is Reason.CHARGE_IMBALANCE
