import pytest

from sse_assets.generation.stability import validation_table
from sse_assets_tests.report.generated_examples import dynamics, structures


def test_how_a_structure_held_is_its_second_half_beside_the_relaxed_cell() -> None:
    (row,) = validation_table(structures(), dynamics()).to_dict("records")
    assert (row["formula"], row["conditions"], row["duration_ps"]) == ("LiCl", "ambient", 2.0)
    assert row["mean_temperature_k"] == 300
    assert row["mean_pressure_gpa"] == pytest.approx(0)
    assert row["volume_change"] == pytest.approx(0.01)
    assert row["energy_change_ev_per_atom"] == pytest.approx(0.02)
    assert row["shortest_distance_a"] == 2.2  # of the whole run
    nothing = validation_table(structures(), dynamics().head(0))
    assert nothing.empty
    assert list(nothing.columns) == list(row)
