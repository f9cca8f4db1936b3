import pytest
from pymatgen.core import Composition

from sse_assets.prototypes.volume import VolumeModel

CRYSTALS = [("Li2O", 24.6), ("MgO", 18.7), ("Li2MgO2", 43.3), ("LiMg2O2.5", 49.7)]


def test_volumes_of_elements_add_up() -> None:
    model = VolumeModel.fit((Composition(formula), volume) for formula, volume in CRYSTALS * 20)
    for formula, volume in CRYSTALS:
        assert model.predict(Composition(formula)) == pytest.approx(volume, rel=0.01)


def test_the_order_of_the_crystals_changes_no_bit() -> None:
    crystals = [
        (Composition(formula), volume * (1 + n / 7)) for n in range(9) for formula, volume in CRYSTALS
    ]
    models = [VolumeModel.fit(crystals[n:] + crystals[:n]) for n in range(len(crystals))]
    assert all(model == models[0] for model in models)


def test_no_element_has_a_negative_volume() -> None:
    crystals = [("Li2O", 20.0), ("LiO", 22.0), ("LiO2", 46.0)]  # least squares gives Li −2 Å³
    model = VolumeModel.fit((Composition(formula), volume) for formula, volume in crystals * 20)
    assert min(model.volumes.values()) >= 0


def test_an_element_of_no_crystal_is_named() -> None:
    model = VolumeModel.fit((Composition(formula), volume) for formula, volume in CRYSTALS)
    assert model.unknown(Composition("LiAlO2")) == ["Al"]
    assert model.predict(Composition("Al")) == 15.0


def test_without_crystals_every_atom_is_a_usual_one() -> None:
    assert VolumeModel.fit([]).predict(Composition("Li2O")) == 45.0
