"""What may be asked about: how materials are named, and which are refused."""

from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.screening.material import Accepted, Material, Refusal, accept, materials_of
from sse_assets.tables.names import Reason
from sse_assets_tests.screening.stored import ROCK_SALT

SODIUM = ROCK_SALT.replace(" Li ", " Na ")


def test_names_become_materials(tmp_path: Path) -> None:
    (tmp_path / "b.cif").write_text(ROCK_SALT)
    (tmp_path / "a.CIF").write_text(ROCK_SALT)
    (tmp_path / "notes.txt").write_text("no crystal")
    named = list(materials_of(["Li6PS5Cl", tmp_path, str(tmp_path), tmp_path / "b.cif", Material("LiF")]))
    assert [one.asked for one in named] == ["Li6PS5Cl", *["a.CIF", "b.cif"] * 2, "b.cif", "LiF"]
    assert [one.asked for one in materials_of("Li\x00F")] == ["Li F"]


def test_a_structure_is_read_as_exactly_as_it_is(tmp_path: Path) -> None:
    length = 5.1300000012345
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(length), ["Li+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    structure.replace_species({"Li+": {"Li+": 0.9, "Ag+": 0.1}})
    (material,) = materials_of(structure)
    one = accept(material)
    assert isinstance(one, Accepted)
    assert one.crystal is not None
    assert one.crystal.structure.lattice.a == pytest.approx(length, abs=1e-11)
    assert one.composition.get_atomic_fraction("Ag") == pytest.approx(0.05)
    assert structure[0].species_string != "Li"  # what was given is left as it is


@pytest.mark.parametrize(
    ("material", "code", "words"),
    [
        (Material("NaCl"), Reason.NO_LITHIUM, "NaCl holds no Li"),
        (Material(cif=SODIUM), Reason.NO_LITHIUM, "NaCl holds no Li"),
        (Material("Li9PS5Cl"), Reason.CHARGE_IMBALANCE, "at least 8% of the positive charge is left"),
        (Material("Li6PS5CI"), Reason.CHARGE_IMBALANCE, "did you mean Li6PS5Cl?"),
        (Material("LiAg"), Reason.CHARGE_IMBALANCE, "no states of both signs"),
        (Material("Li6PS5Cl", SODIUM), Reason.OTHER_COMPOUND, "only one of the two holds Na, P, S: correct"),
    ],
)
def test_what_curation_refuses_is_refused_unless_it_is_wanted_anyway(
    material: Material, code: Reason, words: str
) -> None:
    refusal = accept(material)
    assert isinstance(refusal, Refusal)
    assert refusal.code is code
    assert words in refusal.reason
    anyway = accept(material, anyway=True)
    assert isinstance(anyway, Accepted)
    assert any("answered all the same: " in remark and words in remark for remark in anyway.remarks)


@pytest.mark.parametrize(
    ("material", "code", "words"),
    [
        (Material(), Reason.UNREADABLE_FORMULA, "give a formula, a CIF or both"),
        (Material("pasta"), Reason.UNREADABLE_FORMULA, "cannot read the formula 'pasta'"),
        (Material("LiCl", "no crystal"), Reason.UNREADABLE_STRUCTURE, "CIF"),
        (Material(file=Path("/nowhere/x.cif")), Reason.UNREADABLE_STRUCTURE, "x.cif cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_anyway(material: Material, code: Reason, words: str) -> None:
    for anyway in (False, True):
        refusal = accept(material, anyway=anyway)
        assert isinstance(refusal, Refusal)
        assert refusal.code is code
        assert words in refusal.reason


def test_what_does_not_fit_in_a_cif_is_said() -> None:
    volume = ROCK_SALT.replace("loop_", "_cell_volume 99\nloop_", 1)
    one = accept(Material("LiCl", volume))
    assert isinstance(one, Accepted)
    assert any("the CIF says 99 Å³" in remark for remark in one.remarks)
    lithium_lost = "\n".join(line for line in ROCK_SALT.splitlines() if not line.startswith("Li")) + "\n"
    without = accept(Material("LiCl", lithium_lost))
    assert isinstance(without, Accepted)
    assert "the CIF holds no Li" in without.remarks


def test_a_material_on_which_the_code_fails_is_refused_with_the_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(text: str) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("sse_assets.screening.material.read_crystal", fail)
    refusal = accept(Material(cif=ROCK_SALT))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.reason) == (
        Reason.FAILED,
        "it could not be read (ZeroDivisionError: by nothing)",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Li6PS5Cl Li3YCl6", "it was read as one mixture of Li6PS5Cl and Li3YCl6: ask for each apart"),
        ("Li6 P S5 Cl", None),
        ("(Li2O)50 (P2O5)50", None),
        ("((Li2S)0.6 (SiS2)0.4)95 (Li4SiO4)5", None),
        ("Li6PS5Cl", None),
    ],
)
def test_several_formulas_in_one_text_are_pointed_out(text: str, words: str | None) -> None:
    one = accept(Material(text))
    assert isinstance(one, Accepted)
    assert list(one.remarks) == ([words] if words else [])
