from pathlib import Path

import pytest

from sse_assets.materials.formula import parse_composition
from sse_assets.sources import liion
from sse_assets.sources.columns import SourceError
from sse_assets.tables import raw


def test_a_row_becomes_a_measurement(tmp_path: Path) -> None:
    path = tmp_path / "LiIonDatabase.csv"
    path.write_text(
        "\ufeffID,composition,source,temperature,target,log_target,family,ChemicalFamily\n"
        '7,"""(Li2S)0.5 (P2S5)0.5""",10.1/x,22.06,9.00E-05,-4.05,#N/A,#N/A\n',
        encoding="utf-8",
    )
    (row,) = [series.dropna().to_dict() for _, series in liion.read_measurements(path).iterrows()]
    assert row == {
        "source": "liion",
        "source_id": "7",
        "formula": '"(Li2S)0.5 (P2S5)0.5"',
        "reported_conductivity": "9.00E-05",
        "temperature_c": 22.06,
        "doi": "10.1/x",
        "licence": "as on the dataset's page; cite Hargreaves et al. 2023",
    }
    assert parse_composition(row["formula"]).reduced_formula == "LiPS3"


def test_a_temperature_that_is_no_number_names_its_row(tmp_path: Path) -> None:
    path = tmp_path / "LiIonDatabase.csv"
    path.write_text("ID,composition,source,temperature,target,family\n7,Li3N,10.1/x,25 C,1e-5,Other\n")
    with pytest.raises(SourceError, match="row '7': temperature is '25 C'"):
        liion.read_measurements(path)


def test_the_published_table(data_mirror: Path) -> None:
    table = liion.read_measurements(data_mirror / "liion" / "LiIonDatabase.csv")
    raw.LIION_MEASUREMENTS.check(table)
    assert len(table) == 820
    assert table["temperature_c"].between(15, 35).sum() == 465
    assert table["temperature_c"].agg(["min", "max"]).tolist() == [5.0, 873.0]
    assert list(table["source_id"][table["source_id"].duplicated()]) == ["922"]
    assert table["reported_family"].value_counts()["NASICON"] == 217
    assert table["formula"].map(parse_composition).map(bool).all()
