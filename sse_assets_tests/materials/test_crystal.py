from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.materials.crystal import CifError, cif_text, read_cif
from sse_assets.materials.disorder import DisorderClass, disorder_class
from sse_assets_tests.memory import measured

CUBE = Lattice.cubic(4.0)


def rock_salt(cation: dict[str, float], anion: dict[str, float]) -> Structure:
    return Structure.from_spacegroup("Fm-3m", CUBE, [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


LIF = rock_salt({"Li": 1}, {"F": 1}).to(fmt="cif")


@pytest.mark.parametrize(
    ("cation", "anion", "expected"),
    [
        ({"Li": 1}, {"F": 1}, DisorderClass.NONE),
        ({"Li": 0.9995}, {"F": 1}, DisorderClass.NONE),
        ({"Li": 0.97}, {"F": 1}, DisorderClass.LITHIUM),
        ({"Li": 1}, {"F": 0.5, "Cl": 0.5}, DisorderClass.OTHER),
        ({"Li": 0.5, "Na": 0.5}, {"F": 1}, DisorderClass.LITHIUM_AND_OTHER),
    ],
)
def test_disorder_class(cation: dict, anion: dict, expected: DisorderClass) -> None:
    assert disorder_class(rock_salt(cation, anion)) is expected


def test_oxidation_states_do_not_hide_li() -> None:
    assert disorder_class(rock_salt({"Li+": 0.5}, {"F-": 1})) is DisorderClass.LITHIUM


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot be read"),
        (LIF[: len(LIF) // 2], "cannot be read"),
        (LIF.replace("4.0", "nan").replace("2.8", "nan"), "CIF"),
        ("data_empty\n_cell_length_a 1\n", "cannot be read"),
        ("not a cif at all", "CIF"),
    ],
)
def test_a_damaged_cif_is_one_clear_error(text: str, complaint: str) -> None:
    with pytest.raises(CifError, match=complaint):
        read_cif(text)


def test_a_file_is_not_read_further_than_a_cif_can_be_long(tmp_path: Path) -> None:
    giant = tmp_path / "giant.cif"
    with giant.open("wb") as file:
        file.truncate(2**30)  # 1 GB that takes no room on the disk

    def read() -> None:
        with pytest.raises(CifError, match=r"giant\.cif has more than 1048576 bytes: reduce it"):
            cif_text(giant)

    _, peak = measured(read)
    assert peak < 5e6
    with pytest.raises(CifError, match="cannot be read"):
        cif_text(tmp_path)


def test_partial_occupancies_survive_reading() -> None:
    text = rock_salt({"Li": 0.25, "Na": 0.5}, {"Cl": 1}).to(fmt="cif")
    assert read_cif(text).composition.get_el_amt_dict() == pytest.approx({"Li": 1, "Na": 2, "Cl": 4})
