"""Sets of candidates, filters, ranking, shortlist and proposals, on rows whose outcome is worked by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.screening.candidate_sets import known_compounds, set_of_database, sets_of_files
from sse_assets.screening.filters import set_aside
from sse_assets.screening.next_experiments import next_experiments
from sse_assets.screening.ranking import ranked, shortlist
from sse_assets.screening.settings import Filters
from sse_assets.tables import curated, raw, screening
from sse_assets.tables.names import Purpose, Reason
from sse_assets_tests.screening.stored import ROCK_SALT

FORMULAS = {
    "Li6PS5Cl": -2.0,
    "Li6PS5Br": -2.1,  # like the first: 0.15 apart, both sulfides
    "Li3YCl6": -3.0,
    "Li2O": -1.0,  # two elements
    "LiOHCl": -1.5,  # H beside O
    "Li7La3Zr2O12": -4.0,
    "Li3VO4": -5.0,
}


def predictions() -> pd.DataFrame:
    rows = [
        {
            "candidate_set": "s",
            "candidate_id": formula,
            "material": formula,
            "formula": formula,
            "composition_key": composition_key(parse_composition(formula)),
            "log10_sigma": value,
            "sigma_s_cm": 10**value,
            "p_superionic": 0.1 + value / -100,
            "conductivity_class": "high",
            "outside_domain": formula == "Li7La3Zr2O12",
            "measured": False,
            "nearest_formula": "LiCl",
            "nearest_sigma_s_cm": 1e-8,
            "nearest_distance": 0.5,
            "answered_by": "m",
        }
        for formula, value in FORMULAS.items()
    ]
    refused = {
        "candidate_set": "s",
        "candidate_id": "x",
        "material": "x",
        "refused": "no",
        "answered_by": "m",
    }
    return screening.PREDICTIONS.frame(
        pd.DataFrame([*rows, refused | {"outside_domain": False, "measured": False}])
    )


def candidates(**stated: dict[str, float]) -> pd.DataFrame:
    frame = screening.CANDIDATES.frame(
        [{"candidate_set": "s", "candidate_id": name, "material": name, "formula": name} for name in FORMULAS]
    ).set_index("candidate_id")
    for formula, values in stated.items():
        frame.loc[formula, list(values)] = list(values.values())
    return screening.CANDIDATES.frame(frame.reset_index())


def test_the_ranking_sets_aside_with_a_reason() -> None:
    stated = candidates(Li3YCl6={"band_gap_ev": 0.4}, Li6PS5Br={"energy_above_hull_ev": 0.3})
    ranking = ranked(predictions(), stated, Filters(redox_active=False))
    screening.RANKING.check(ranking)
    reasons = dict(zip(ranking["formula"], ranking["set_aside"].fillna(""), strict=True))
    assert reasons == {
        "Li6PS5Cl": "",
        "Li2O": "it has fewer than 3 elements",
        "LiOHCl": "it holds H beside O",
        "Li6PS5Br": "it lies 0.30 eV above the hull",
        "Li3YCl6": "its band gap is 0.40 eV",
        "Li7La3Zr2O12": "the model has learned from nothing like it",
        "Li3VO4": "V may be reduced or oxidised",
    }
    assert ranking["rank"].dropna().tolist() == [1]


def test_the_ranking_is_by_conductivity_and_the_shortlist_holds_no_two_alike() -> None:
    ranking = ranked(predictions(), candidates(), Filters())
    listed = ranking[ranking["rank"].notna()]
    assert listed["formula"].tolist() == ["Li6PS5Cl", "Li6PS5Br", "Li3YCl6", "Li3VO4"]
    assert listed["rank"].tolist() == [1, 2, 3, 4]
    chosen = shortlist(ranking, 2)
    screening.SHORTLIST.check(chosen)
    assert list(zip(chosen["place"], chosen["formula"], strict=True)) == [(1, "Li6PS5Cl"), (2, "Li3YCl6")]


def test_what_teaches_most_is_what_narrows_the_others() -> None:
    ranking = ranked(predictions(), candidates(), Filters())
    # Li6PS5Cl, Li6PS5Br, Li3YCl6, Li3VO4: the third errs together with the fourth, the first two apart.
    covariance = np.array([[1, 0.1, 0, 0], [0.1, 1, 0, 0], [0, 0, 1, 0.9], [0, 0, 0.9, 1.2]])

    def of_rows(rows: pd.DataFrame) -> tuple[np.ndarray, float]:
        assert rows["formula"].tolist() == ["Li6PS5Cl", "Li6PS5Br", "Li3YCl6", "Li3VO4"]
        return covariance, 0.5

    proposed = next_experiments(ranking, predictions(), of_rows, 2)
    screening.NEXT_EXPERIMENTS.check(proposed)
    teaching = proposed[proposed["purpose"] == Purpose.TEACHES]
    # (0.9² + 1.2²) / (1.2 + 0.5) = 1.32 of 4.2, against 1.21 for the third and 0.67 for the first.
    assert teaching["formula"].tolist() == ["Li3VO4", "Li6PS5Cl"]
    assert teaching["value"].iloc[0] == pytest.approx(2.25 / 1.7 / 4.2)
    assert (
        teaching["reason"]
        .iloc[0]
        .startswith("it takes away 31.5% of the uncertainty of 4 candidates, most that of Li3YCl6, ")
    )
    likely = proposed[proposed["purpose"] == Purpose.HIGH_CONDUCTIVITY]
    assert likely["formula"].tolist() == ["Li3VO4", "Li3YCl6"]  # by probability, not by the value
    assert likely["reason"].iloc[0].startswith("σ is above 1 mS/cm with a probability of 15%; the nearest")


@pytest.mark.parametrize("covariance", [lambda rows: None])
def test_without_covariances_only_good_conductors_are_proposed(covariance: Callable) -> None:
    ranking = ranked(predictions(), candidates(), Filters())
    assert set(next_experiments(ranking, predictions(), covariance, 3)["purpose"]) == {"high_conductivity"}
    empty = ranked(screening.PREDICTIONS.frame(), screening.CANDIDATES.frame(), Filters())
    assert shortlist(empty, 5).empty
    assert next_experiments(empty, screening.PREDICTIONS.frame(), covariance, 3).empty


def test_files_become_sets() -> None:
    table = (
        "formula,structure,band_gap_ev,family\nLiCl,,2.5,Glass\nLi2O,crystals/a.cif,none,\nLiCl,,2.5,Glass\n"
    )
    frame, unread = sets_of_files(
        {
            "wanted.csv": table.encode(),
            "crystals/a.cif": ROCK_SALT.encode(),
            "crystals/b.cif": ROCK_SALT.encode(),
            "lone.cif": ROCK_SALT.encode(),
            "notes.txt": b"",
            "bad.csv": b"material\nx\n",
            "lost.csv": b"structure\nnowhere.cif\n",
        }
    )
    screening.CANDIDATES.check(frame)
    assert list(zip(frame["candidate_set"], frame["material"], strict=True)) == [
        ("wanted", "LiCl"),
        ("wanted", "Li2O"),
        ("crystals", "b.cif"),
        ("cifs", "lone.cif"),
    ]
    assert frame["cif"].notna().tolist() == [False, True, True, True]
    assert frame["band_gap_ev"].iloc[0] == 2.5
    assert frame["reported_family"].fillna("").tolist() == ["Glass", "", "", ""]
    assert frame["band_gap_ev"].isna().tolist() == [False, True, True, True]
    assert len(unread) == 3
    assert any("lost.csv names nowhere.cif, which is not there" in sentence for sentence in unread)


def test_energies_that_are_none_are_named_and_set_nothing_aside() -> None:
    table = (
        "formula,band_gap_ev,energy_above_hull_ev\nLiCl,-1,wide\nLi2O,2.5,=1+1\nLiF,,-0.02\nLiBr,inf,0.3\n"
    )
    frame, unread = sets_of_files({"wanted.csv": table.encode()})
    screening.CANDIDATES.check(frame)
    assert frame["band_gap_ev"].fillna(0).tolist() == [0, 2.5, 0, 0]
    assert frame["energy_above_hull_ev"].fillna(0).tolist() == [0, 0, -0.02, 0.3]
    gap, hull = unread
    assert gap.startswith("wanted.csv: band_gap_ev: 2 values are no energies in eV, the first is '-1';")
    assert "2 values are no energies in eV, the first is 'wide'; no candidate is set aside by them" in hull


def test_energies_of_a_file_set_aside_and_what_is_not_stated_does_not() -> None:
    """A metal, a crystal far above the hull, and one of which nothing is stated."""
    stated = {"Li6PS5Cl": "0.2,", "Li6PS5Br": "3.0,0.25", "Li3YCl6": ",", "Li3VO4": "4.1,0.0"}
    lines = ["formula,band_gap_ev,energy_above_hull_ev", *(f"{name},{row}" for name, row in stated.items())]
    frame, unread = sets_of_files({"s.csv": "\n".join(lines).encode()})
    assert not unread
    said = predictions().merge(frame[["material", "candidate_id"]], on="material", suffixes=("_", ""))
    ranking = ranked(said.drop(columns="candidate_id_"), frame, Filters())
    reasons = dict(zip(ranking["formula"], ranking["set_aside"].fillna(""), strict=True))
    assert reasons == {
        "Li6PS5Cl": "its band gap is 0.20 eV",
        "Li6PS5Br": "it lies 0.25 eV above the hull",
        "Li3YCl6": "",
        "Li3VO4": "",
    }


def test_crystals_of_a_database_become_a_set() -> None:
    found = pd.DataFrame(
        [("oqmd:7", "Li3PS4", ROCK_SALT, 2.5, np.nan), ("oqmd:8", "Li3PS4", ROCK_SALT, 1.0, 0.1)],
        columns=["material", "formula", "cif", "band_gap_ev", "energy_above_hull_ev"],
    )
    frame = set_of_database("oqmd", found)
    screening.CANDIDATES.check(frame)
    assert frame["material"].tolist() == ["oqmd:7"]  # the same crystal once
    assert frame["band_gap_ev"].tolist() == [2.5]
    assert set_of_database("oqmd", found.head(0)).empty


def test_what_the_pipeline_knows_and_does_not_learn_from_is_a_candidate() -> None:
    electrolytes = curated.ELECTROLYTES.frame(
        [{"composition_key": composition_key(parse_composition("Li2S"))}]
    )
    rejected = curated.REJECTED.frame(
        [
            {"formula": "Li4SiO4", "reason_code": Reason.TEMPERATURE},
            {"formula": "Li8Si2O8", "reason_code": Reason.TEMPERATURE},
            {"formula": "Li4S2", "reason_code": Reason.TEMPERATURE},
            {"formula": "LiCl", "reason_code": Reason.REPEATED_ID},
        ]
    )
    references = raw.REFERENCE_STRUCTURES.frame(
        [
            {"formula": formula, "structure_id": f"mp:{place}", "cif": ROCK_SALT}
            for place, formula in enumerate(["LiCl", "NaCl", "Li2S"])
        ]
    )
    reported = raw.LIION_MEASUREMENTS.frame(
        [
            {"formula": "Li4SiO4", "reported_family": "Glass"},
            {"formula": "LiCl", "reported_family": "Rocksalt"},
        ]
    )
    frame = known_compounds(electrolytes, rejected, references, reported)
    assert frame["reported_family"].fillna("").tolist() == ["Glass", "", ""]
    assert list(zip(frame["candidate_set"], frame["material"], strict=True)) == [
        ("other_temperatures", "Li4SiO4"),
        ("references", "mp:0"),
        ("references", "mp:2"),
    ]


NOTHING_STATED = {
    "band_gap_ev": np.nan,
    "energy_above_hull_ev": np.nan,
    "reported_family": None,
    "outside_domain": False,
    "measured": False,
}


@pytest.mark.parametrize(
    ("formula", "distance", "filters", "words"),
    [
        ("Li6PS5Cl0.99Br0.01", 0.015, Filters(), "it is nearly Li6PS5Cl, which has been measured"),
        ("Li6PS5Cl0.9Br0.1", 0.025, Filters(), None),
        ("Li6PS5Cl0.99Br0.01", 0.015, Filters(measured=True), None),
        ("Li6PS5Cl0.99Br0.01", 0.015, Filters(least_distance=0.0), None),
        ("(Li0.5La0.5TiO3)97(SiO2)3", 0.5, Filters(), "it is written as a mixture of compounds"),
        ("70Li2S·30P2S5", 0.5, Filters(), "it is written as a mixture of compounds"),
        ("30Li2S-26B2S3-44LiI", 0.5, Filters(), "it is written as a mixture of compounds"),
        ("Li2O-2.2SiO2", 0.5, Filters(), "it is written as a mixture of compounds"),
        ("(Li2O)50 (P2O5)50", 0.5, Filters(), "it is written as a mixture of compounds"),
        ("β-Li3PS4", 0.5, Filters(), None),
        ("Li3.1e-1La1TiO3", 0.5, Filters(), None),
        ("(Li0.5La0.5TiO3)97(SiO2)3", 0.5, Filters(mixtures=True), None),
        ("Li1.3Al0.3Ti1.7(PO4)3", 0.5, Filters(), None),
    ],
)
def test_what_is_nearly_known_and_what_is_a_mixture_are_set_aside(
    formula: str, distance: float, filters: Filters, words: str | None
) -> None:
    row = {"formula": formula, "nearest_formula": "Li6PS5Cl ", "nearest_distance": distance}
    assert set_aside(pd.DataFrame([row | NOTHING_STATED]), filters) == [words]


@pytest.mark.parametrize(
    ("family", "filters", "words"),
    [
        ("Glass", Filters(), "its source names it a glass"),
        ("Glass-Ceramic", Filters(), "its source names it a glass"),
        ("Glass", Filters(glasses=True), None),
        ("Garnet", Filters(), None),
        (None, Filters(), None),
    ],
)
def test_what_its_source_names_a_glass_is_set_aside(
    family: str | None, filters: Filters, words: str | None
) -> None:
    row = {"formula": "LiP0.65I0.35O1.95", "nearest_formula": "LiPO3", "nearest_distance": 0.5}
    assert set_aside(pd.DataFrame([NOTHING_STATED | row | {"reported_family": family}]), filters) == [words]
