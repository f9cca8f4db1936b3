from pathlib import Path

import pandas as pd
import pytest

from sse_assets.curation.measurements import curate_measurements
from sse_assets.sources import liion, obelix
from sse_assets_tests.curation.rows import formula_only, frame, measurement


def reason(**changes: object) -> str:
    accepted, rejected = curate_measurements(frame(measurement(**changes)))
    assert accepted.empty
    return str(rejected["reason"].item())


def test_a_sound_row_gets_its_label() -> None:
    accepted, rejected = curate_measurements(frame(measurement(formula="Li6P2S8")))
    assert rejected.empty
    row = accepted.iloc[0]
    assert row["electrolyte_id"] == "obelix:abc"
    assert row["reduced_formula"] == "Li3PS4"
    assert row["log10_sigma"] == pytest.approx(-4)
    assert row["conductivity_class"] == "high"
    assert not row["censored"]


def test_a_bound_is_kept_as_a_bound() -> None:
    accepted, _ = curate_measurements(frame(measurement(reported_conductivity="<1E-10")))
    assert accepted["censored"].item()
    assert accepted["sigma_s_cm"].item() == 1e-10


@pytest.mark.parametrize("text", ["0", "-1e-5", "high", "", "nan", "inf", ">1e-3"])
def test_a_conductivity_that_is_none_is_refused_with_its_text(text: str) -> None:
    assert repr(text) in reason(reported_conductivity=text)


def test_refusals_name_what_is_wrong() -> None:
    assert "cannot read the formula 'Lithium'" in reason(formula="Lithium")
    assert "holds no Li" in reason(formula="Na3PS4")
    assert "measured at 100 °C, outside 20–34 °C" in reason(temperature_c=100.0)
    assert "at least 9% of the positive charge" in reason(formula="LiGa2GeS6")
    assert "no states of both signs" in reason(formula="LiAl")


def test_a_misprint_is_refused_with_the_question_what_is_meant() -> None:
    assert reason(formula="Li6PS5CI").endswith(
        "Li6PS5CI holds carbon without H, N or O; did you mean Li6PS5Cl?"
    )
    assert reason(formula="Li7La3Zr2012").endswith("no states of both signs; did you mean Li7La3Zr2O12?")
    assert reason(formula="Li3PSO4I8").endswith("of the positive charge is left")


def test_both_ends_of_the_room_temperature_window_count() -> None:
    rows = [measurement(source_id=str(t), temperature_c=t) for t in (19.9, 20.0, 34.0, 34.1)]
    accepted, _ = curate_measurements(frame(*rows))
    assert accepted["temperature_c"].tolist() == [20.0, 34.0]


def test_of_rows_with_one_id_the_first_is_kept() -> None:
    rows = frame(measurement(), measurement(reported_conductivity="1e-6"))
    accepted, rejected = curate_measurements(rows)
    assert accepted["sigma_s_cm"].tolist() == [1e-4]
    assert "occurs more than once" in rejected["reason"].item()


def test_measurements_of_one_crystal_by_two_papers_stay_apart() -> None:
    accepted, _ = curate_measurements(frame(measurement(), measurement(source_id="def", doi="10.1/b")))
    assert len(accepted) == 2


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, False),
        ({"doi": "10.1/x|10.1/A"}, False),
        ({"reported_conductivity": "1.03e-4"}, False),
        ({"reported_conductivity": "3e-4"}, True),
        ({"doi": "10.1/b"}, True),
        ({"doi": None}, True),
    ],
)
def test_a_measurement_that_two_sources_tell_of_counts_once(changes: dict[str, object], kept: bool) -> None:
    accepted, rejected = curate_measurements(frame(formula_only(**changes), measurement()))
    if kept:
        assert accepted.set_index("electrolyte_id")["repeats"].dropna().to_dict() == {"liion:1": "obelix:abc"}
        assert rejected.empty
    else:
        assert accepted["electrolyte_id"].tolist() == ["obelix:abc"]
        assert "repeats the measurement obelix:abc, which describes" in rejected["reason"].item()


def test_of_formulas_alone_the_one_measured_nearest_to_25_degrees_stays() -> None:
    rows = frame(*(formula_only(source_id=str(t), temperature_c=t) for t in (30.0, 26.0, 21.0)))
    accepted, rejected = curate_measurements(rows)
    assert accepted["temperature_c"].tolist() == [26.0]
    assert len(rejected) == 2


def test_an_empty_table_gives_empty_tables() -> None:
    accepted, rejected = curate_measurements(frame(measurement()).iloc[:0])
    assert accepted.empty
    assert rejected.empty
    assert "electrolyte_id" in accepted


def test_obelix_and_liion_lose_no_row(data_mirror: Path) -> None:
    reported = pd.concat(
        [
            obelix.read_measurements(data_mirror / "obelix" / "all.csv"),
            liion.read_measurements(data_mirror / "liion" / "LiIonDatabase.csv"),
        ],
        ignore_index=True,
    )
    accepted, rejected = curate_measurements(reported)
    assert len(accepted) + len(rejected) == len(reported) == 599 + 820
    assert accepted["electrolyte_id"].is_unique
    # Two OBELiX rows are misprinted: LiGa2GeS6 for LiGaGe2S6-like sulfides, and 1.6 for 16 Li in Li2CdCl4.
    assert set(rejected.loc[rejected["source"] == "obelix", "source_id"]) == {"hln", "r5y"}
    assert (accepted["source"] == "obelix").sum() == 597
    assert accepted.loc[accepted["source"] == "obelix", "censored"].sum() == 37


def test_a_row_that_raises_costs_itself_alone() -> None:
    accepted, rejected = curate_measurements(
        frame(measurement(source_id="odd", temperature_c="warm"), measurement())
    )
    assert accepted["source_id"].tolist() == ["abc"]
    assert "could not be curated (TypeError" in rejected["reason"].item()
