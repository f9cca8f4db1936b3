"""Space groups as people write them, and as the atoms have them."""

import random
import tarfile
from pathlib import Path

import gemmi
import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.materials.crystal import read_cif
from sse_assets.materials.symmetry import (
    SpaceGroup,
    SpaceGroupError,
    detected_space_group,
    normalised_symbol,
    read_space_group,
    space_group_number,
)
from sse_assets_tests.stated_symmetry import stated_space_group


@pytest.mark.parametrize(
    ("text", "number", "symbol", "setting"),
    [
        ("P21/c", 14, "P21/c", "P 1 21/c 1"),
        ("P21/n", 14, "P21/c", "P 1 21/n 1"),
        ("P 1 21/n 1", 14, "P21/c", "P 1 21/n 1"),
        ("p21/C", 14, "P21/c", "P 1 21/c 1"),
        ("B2/b", 15, "C2/c", "B 1 1 2/b"),
        ("C 2", 5, "C2", "C 1 2 1"),
        ("Pbnm", 62, "Pnma", "P b n m"),
        ("Cmca", 64, "Cmce", "C m c a"),
        ("216", 216, "F-43m", "F -4 3 m"),
        ("216.0", 216, "F-43m", "F -4 3 m"),
        ("No. 216", 216, "F-43m", "F -4 3 m"),
        ("F-43m (216)", 216, "F-43m", "F -4 3 m"),
        ("R-3c:H", 167, "R-3c", "R -3 c:H"),
        ("R -3 c H", 167, "R-3c", "R -3 c:H"),
        ("R-3mR", 166, "R-3m", "R -3 m:R"),
        ("R3m h", 160, "R3m", "R 3 m:H"),
        ("Fd-3mZ", 227, "Fd-3m", "F d -3 m:2"),
        ("Fd-3m:2", 227, "Fd-3m", "F d -3 m:2"),
        ("F d -3 m S", 227, "Fd-3m", "F d -3 m:1"),
        ("F d -3 m (origin choice 2)", 227, "Fd-3m", "F d -3 m:2"),
        ("P42/nmcZ", 137, "P42/nmc", "P 42/n m c:2"),
        ("P63/mmc", 194, "P63/mmc", "P 63/m m c"),
        ("P6_3/mmc", 194, "P63/mmc", "P 63/m m c"),
        ("P6₃/mmc", 194, "P63/mmc", "P 63/m m c"),
        ("P6<sub>3</sub>/mmc", 194, "P63/mmc", "P 63/m m c"),
        ("$P6_{3}/mmc$", 194, "P63/mmc", "P 63/m m c"),
        ("P3̅m1", 164, "P-3m1", "P -3 m 1"),
        ("Fm3̅m", 225, "Fm-3m", "F m -3 m"),
        ("F\\bar{4}3m", 216, "F-43m", "F -4 3 m"),
        ("Pm−3m", 221, "Pm-3m", "P m -3 m"),
        ("Fm3m", 225, "Fm-3m", "F m -3 m"),
        ("F4/m-32/m", 225, "Fm-3m", "F m -3 m"),
        ("'P 6_3/m m c'", 194, "P63/mmc", "P 63/m m c"),
        ("-F 4 2 3", 225, "Fm-3m", "F m -3 m"),
        ("-P 2yn", 14, "P21/c", "P 1 21/n 1"),
        ('-R 3 2"c', 167, "R-3c", "R -3 c:H"),
    ],
)
def test_space_groups_as_people_write_them(text: str, number: int, symbol: str, setting: str) -> None:
    assert read_space_group(text) == SpaceGroup(number, symbol, setting)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *(
            (text, "names no space group")
            for text in ("cubic", "", "?", "nan", "0", "231", "-1", "14.5", "1014")
        ),
        *((text, "names no space group") for text in ("Pm-3mm", "P21/q", "P 31 2", "P\x00", "x" * 9999)),
        ("Pnma H", "'Pnma H' has no setting 'H'"),
        ("Fm-3m:2", "no setting '2'"),
        ("Fm-3m (216)", "whose number is 225"),
        ("P 4 2", "77 as a Hermann-Mauguin symbol and 89 as a Hall symbol"),
    ],
)
def test_what_names_no_space_group_or_two_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(SpaceGroupError, match=reason) as refused:
        read_space_group(text)
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()
    assert space_group_number(text) is None


def test_every_setting_of_gemmis_table_is_read_by_each_of_its_names() -> None:
    for group in gemmi.spacegroup_table():
        for name in (group.xhm(), group.hm, normalised_symbol(group.hm), group.hm.lower(), f" {group.hm} "):
            assert read_space_group(name).number == group.number
        assert read_space_group(group.xhm()).setting == group.xhm()
    halls = {group.hall: group.number for group in gemmi.spacegroup_table()}
    read = {hall: space_group_number(hall) for hall in halls}
    assert {hall for hall in halls if read[hall] is None} == {"P 4 2", "P 3 2", 'P 3 2"', "P 6 2"}
    assert [hall for hall in halls if read[hall] not in (None, halls[hall])] == ["C 2"]  # C2 to everybody


def test_damaged_symbols_raise_nothing_else() -> None:
    chance = random.Random(13)
    names = [group.xhm() for group in gemmi.spacegroup_table()]
    for _ in range(2000):
        characters = list(chance.choice(names))
        characters[chance.randrange(len(characters))] = chance.choice("PRabcdmn/-:1236HZ \x00̅₃é(")
        number = space_group_number("".join(characters))
        assert number is None or 1 <= number <= 230


def test_symbols_and_tags() -> None:
    rock_salt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.0), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    assert normalised_symbol("'P 6_3/m m c'") == "P63/mmc"
    assert stated_space_group("_symmetry_space_group_name_H-M   'F m -3 m'\n") == "Fm-3m"
    assert detected_space_group(rock_salt) == ("Fm-3m", 225)


def test_obelix_tags_agree_with_the_atoms(data_mirror: Path) -> None:
    with tarfile.open(data_mirror / "obelix" / "all_cifs.tar.gz") as archive:
        members = [member for member in archive if member.name.endswith(".cif")]
        texts = [archive.extractfile(member).read().decode() for member in members[::8]]
    assert len(texts) == 41
    assert all(stated_space_group(text) == detected_space_group(read_cif(text))[0] for text in texts)


def test_obelix_tags_keep_their_spelling(data_mirror: Path) -> None:
    with tarfile.open(data_mirror / "obelix" / "all_cifs.tar.gz") as archive:
        members = [member for member in archive if member.name.endswith(".cif")]
        symbols = {stated_space_group(archive.extractfile(member).read().decode()) for member in members}
    assert len(symbols) == 52
    assert {symbol for symbol in symbols if read_space_group(symbol).symbol != symbol} == set()
