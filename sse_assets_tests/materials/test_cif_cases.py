"""The cases of `../shared/cases`: each is read rightly, or refused or remarked with the true reason."""

from pathlib import Path

import pytest

from sse_assets.materials.crystal import CifError, Crystal, compare_with_formula, formula_units, read_crystal
from sse_assets.materials.formula import parse_composition

LI2S = "Li2S"

READ = {
    "bom": (LI2S, 1.641),
    "cell_li2s_2x2x2": (LI2S, 1.641),
    "cell_li2s_conventional": (LI2S, 1.641),
    "cell_li2s_primitive": (LI2S, 1.641),
    "data_global_first": (LI2S, 1.641),
    "dummy_atom": (LI2S, 1.641),
    "fd-3m_origin_z": ("Li2MgCl4", 2.125),
    "hall_symbol_only": (LI2S, 1.641),
    "isotope_7li": (LI2S, 1.646),  # 1.641 with the mass of natural Li
    "li3n_three_decimals": ("Li3N", 1.295),
    "lid": ("LiH", 0.883),
    "nacl": ("NaCl", 2.164),
    "o-h_type_symbol": ("LiOH", 1.457),
    "occupancy_dot_on_li": (LI2S, 1.641),
    "old_symbol_fm3m": (LI2S, 1.641),
    "powder_block_second": (LI2S, 1.641),
    "r-3m_rhombohedral_axes": ("LiCoO2", 5.06),
    "text_field_with_data": (LI2S, 1.641),
    "vacancy_as_vac": ("Li1.5MgCl4", 2.084),
    "vacancy_as_x": ("Li1.8MgCl4", 2.109),
}
"""Formula and density in g/cm³."""
REFUSED = {"cell_in_nm": "in nm", "occupancy_sum_1.06": r"Li2 and Mg1 .* 1\.06"}
REMARKED = {"hydrogen_not_listed": "fraction of H", "lialo2_without_li": "fraction of Li"}


@pytest.fixture
def cases(field_cases: Path) -> Path:
    return field_cases / "cif"


def read(cases: Path, name: str) -> Crystal:
    return read_crystal((cases / f"{name}.cif").read_bytes())


@pytest.mark.parametrize("name", list(READ))
def test_what_can_be_known_is_read(cases: Path, name: str) -> None:
    formula, density = READ[name]
    crystal = read(cases, name)
    fractions = crystal.composition.fractional_composition
    assert fractions.almost_equals(parse_composition(formula).fractional_composition, atol=1e-4)
    assert crystal.density_g_cm3 == pytest.approx(density, abs=0.005)


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_is_refused(cases: Path, name: str) -> None:
    with pytest.raises(CifError, match=REFUSED[name]):
        read(cases, name)


@pytest.mark.parametrize("name", list(REMARKED))
def test_what_is_missing_is_remarked(cases: Path, name: str) -> None:
    assert any(REMARKED[name] in remark.sentence for remark in read(cases, name).remarks)


def test_no_case_is_left_out(cases: Path) -> None:
    assert {file.stem for file in cases.glob("*.cif")} <= READ.keys() | REFUSED.keys() | REMARKED.keys()


def test_z_and_other_compounds(cases: Path) -> None:
    assert formula_units(read(cases, "lialo2_without_li"), parse_composition("LiAlO2")) == 4
    assert compare_with_formula(read(cases, "nacl"), parse_composition("Li6PS5Cl"))
