"""A crystal is read once while a step describes it, and what a caller adds to the answer stays its own."""

import pandas as pd
import pytest

from sse_assets.descriptors import crystals
from sse_assets.descriptors.crystals import read_crystals
from sse_assets.materials.crystal import Crystal, read_crystal
from sse_assets.tables.names import Reason
from sse_assets_tests.descriptors.crystal_examples import lithium_oxide, rock_salt, structures_table


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The CIFs that are read."""
    texts: list[str] = []

    def counted(cif: str) -> Crystal:
        texts.append(cif)
        return read_crystal(cif)

    monkeypatch.setattr(crystals, "read_crystal", counted)
    crystals._read.cache_clear()
    return texts


def test_each_cif_is_read_once(read: list[str]) -> None:
    structures = structures_table({"one": rock_salt(), "other": lithium_oxide()})
    for _ in range(3):
        found, failures = read_crystals(structures.copy())
        assert [*found] == ["one", "other"]
        assert failures == []
        found.clear()
    assert len(read) == 2
    read_crystals(structures.head(1))
    assert len(read) == 3


def test_a_cif_that_cannot_be_read_fails_once_for_each_caller(read: list[str]) -> None:
    structures = pd.concat(
        [
            structures_table({"one": rock_salt()}),
            pd.DataFrame([{"electrolyte_id": "broken", "structure_id": "made:broken", "cif": "no CIF"}]),
        ]
    )
    for _ in range(2):
        found, failures = read_crystals(structures)
        assert [*found] == ["one"]
        assert [(failure.electrolyte_id, failure.reason_code) for failure in failures] == [
            ("broken", Reason.UNREADABLE_STRUCTURE)
        ]
        failures.clear()
    assert len(read) == 2
