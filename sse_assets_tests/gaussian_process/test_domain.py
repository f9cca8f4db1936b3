import pandas as pd
import pytest

from sse_assets.gaussian_process.domain import Domain
from sse_assets.gaussian_process.inputs import Inputs
from sse_assets_tests.gaussian_process.conftest import CELL, CHEMISTRY


@pytest.fixture(scope="module")
def domain(materials: pd.DataFrame, dois: pd.Series) -> Domain:
    return Domain.fit(materials, dois, Inputs.fit(materials, CHEMISTRY, CELL), (0.5, 4.0, 1.0))


def test_most_training_rows_would_be_inside_if_their_paper_were_new(
    materials: pd.DataFrame, dois: pd.Series
) -> None:
    held_out = dois == dois.iloc[1]
    rest = materials[~held_out]
    domain = Domain.fit(rest, dois, Inputs.fit(rest, CHEMISTRY, CELL), (0.5, 4.0, 1.0))
    assert not domain.examine(materials[held_out])["outside"].any()


def test_a_measured_material_is_at_no_distance(domain: Domain, materials: pd.DataFrame) -> None:
    examined = domain.examine(materials)
    assert examined["nearest_distance"].max() == pytest.approx(0.0, abs=1e-12)
    assert not examined["outside"].any()


def test_an_unseen_element_is_named(domain: Domain, materials: pd.DataFrame) -> None:
    traces = materials.iloc[[3]].assign(I=0.001, La=0.001)
    examined = domain.examine(traces)
    assert examined["unseen_elements"].tolist() == ["La I"]
    assert examined["outside"].all()


def test_a_cell_like_no_other_is_outside(domain: Domain, materials: pd.DataFrame) -> None:
    examined = domain.examine(materials.iloc[[3]].assign(volume=60.0))
    assert examined["unseen_elements"].tolist() == [""]
    assert examined["nearest_distance"].item() > domain.limit
    assert examined["outside"].all()


def test_near_copies_of_one_paper_do_not_narrow_the_domain(materials: pd.DataFrame) -> None:
    pairs = pd.concat([materials.iloc[:20], materials.iloc[:20].rename(lambda name: f"{name}, repeated")])
    inputs = Inputs.fit(pairs, CHEMISTRY, CELL)
    of_one_paper = pd.Series([f"10.1/{n % 20}" for n in range(40)], index=pairs.index)
    of_two_papers = pd.Series([f"10.1/{n}" for n in range(40)], index=pairs.index)
    lengths = (0.5, 4.0, 1.0)
    assert Domain.fit(pairs, of_one_paper, inputs, lengths).limit > 0
    assert Domain.fit(pairs, of_two_papers, inputs, lengths).limit == 0
