"""Damaged CIFs are read, remarked or refused: never a traceback, a hang or a silently other composition."""

import random
import time
from collections import Counter

import pytest
from pymatgen.core import Structure

from sse_assets.materials.crystal import CifError, read_crystal
from sse_assets.materials.formula import largest_difference
from sse_assets_tests.materials.cif_examples import GARNET, SPINEL_AT_CENTRE, lithium_oxide, spinel

WHOLE = {
    "listed": Structure.from_str(lithium_oxide(), fmt="cif").to(fmt="cif", symprec=0.01),
    "named": lithium_oxide("_space_group_name_H-M_alt 'F m -3 m'\n_space_group_IT_number 225"),
    "shared": spinel(
        "_symmetry_space_group_name_H-M 'F d -3 m :2'\n_symmetry_Int_Tables_number 227", SPINEL_AT_CENTRE
    ),
    "garnet": GARNET,
}
DAMAGED_OF_EACH = 500
ROUNDING = 1e-3
"""Atomic fraction up to which a composition counts as the same, twice the reader's own limit."""


def damaged(text: str, chance: random.Random) -> str:
    """The text with a byte, a line or a column of a loop changed, lost or moved."""
    lines = text.splitlines()
    kind = chance.choice(["byte", "byte", "line", "twice", "swap", "column", "cut"])
    if kind == "byte":
        place = chance.randrange(len(text))
        letter = chance.choice(
            [chr(chance.randrange(32, 127)), str(chance.randrange(10)), "", "\n", "é", "\0"]
        )
        return text[:place] + letter + text[place + 1 :]
    place = chance.randrange(len(lines))
    if kind == "line":
        del lines[place]
    elif kind == "twice":
        lines.insert(chance.randrange(len(lines)), lines[place])
    elif kind == "swap":
        other = chance.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == "cut":
        lines = lines[:place]
    else:
        tags = [i for i, line in enumerate(lines) if line.strip().startswith("_atom_site_")]
        column = chance.randrange(len(tags))
        rows = [line.split() for line in lines[tags[-1] + 1 :]]
        for row in rows:
            del row[column : column + 1]
        lines = [*lines[: tags[column]], *lines[tags[column] + 1 : tags[-1] + 1], *map(" ".join, rows)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", list(WHOLE))
def test_damage_is_never_silent(name: str) -> None:
    chance = random.Random(name)
    truth = read_crystal(WHOLE[name])
    assert truth.remarks == ()
    outcomes: Counter[str] = Counter()
    for _ in range(DAMAGED_OF_EACH):
        text = damaged(WHOLE[name], chance)
        begun = time.monotonic()
        try:
            crystal = read_crystal(text)
        except CifError:
            outcomes["refused"] += 1
        else:
            _, difference = largest_difference(crystal.composition, truth.composition)
            if crystal.remarks:
                outcomes["remarked"] += 1
            else:
                outcomes["read"] += 1
                assert abs(difference) < ROUNDING, text
        assert time.monotonic() - begun < 10
    assert min(outcomes["refused"], outcomes["read"]) > DAMAGED_OF_EACH / 20, outcomes
    assert outcomes["remarked"], outcomes
