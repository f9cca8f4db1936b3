import io
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from sse_assets.materials.crystal import read_cif
from sse_assets.sources import obelix
from sse_assets.sources.columns import SourceError
from sse_assets.tables import raw

COLUMNS = ["Space group", "a", "b", "c", "alpha", "beta", "gamma", "Family", "DOI", "Liion ID"]
HEADER = ",".join(["ID", "True Composition", "Z", "Ionic conductivity (S cm-1)", *COLUMNS]) + "\n"
ROW = "{id},Li6.0N2.0,2,<1E-10, P 63/m m c ,3.5,3.6,6.5,90.0,91.0,120.0,,10.1/x|10.1/y,28.0\n"


def test_a_row_becomes_a_measurement(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text(HEADER + ROW.format(id="b") + ROW.format(id="a"))
    table = obelix.read_measurements(path)
    assert list(table["source_id"]) == ["a", "b"]
    row = table.iloc[0].dropna().to_dict()
    assert row == {
        "source": "obelix",
        "source_id": "a",
        "formula": "Li3N",
        "z": 2.0,
        "reported_conductivity": "<1E-10",
        "space_group": "P63/mmc",
        "a": 3.5,
        "b": 3.6,
        "c": 6.5,
        "alpha": 90.0,
        "beta": 91.0,
        "gamma": 120.0,
        "doi": "10.1/x|10.1/y",
        "licence": "CC BY 4.0",
    }


def test_a_repeated_id_is_left_for_curation(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text(HEADER + ROW.format(id="a") * 2)
    assert list(obelix.read_measurements(path)["source_id"]) == ["a", "a"]


def test_the_published_table(data_mirror: Path) -> None:
    table = obelix.read_measurements(data_mirror / "obelix" / "all.csv")
    raw.OBELIX_MEASUREMENTS.check(table)
    assert len(table) == 599
    assert table["reported_conductivity"].str.startswith("<").sum() == 37
    assert table["reported_family"].isna().sum() == 33
    assert table["temperature_c"].isna().all()
    complete = table[["z", "a", "b", "c", "alpha", "beta", "gamma", "space_group", "doi"]]
    assert complete.notna().all(axis=None)
    jqc = table.set_index("source_id").loc["jqc"]
    assert (jqc["formula"], jqc["space_group"], jqc["a"]) == ("Li7BiO6", "P-1", 5.5071)
    assert jqc["reported_conductivity"] == "1.58489e-06"


def test_the_published_structures(data_mirror: Path) -> None:
    structures = obelix.read_structures(data_mirror / "obelix" / "all_cifs.tar.gz")
    measurements = obelix.read_measurements(data_mirror / "obelix" / "all.csv")
    raw.OBELIX_STRUCTURES.check(structures)
    assert len(structures) == structures["structure_id"].nunique() == 321
    assert structures["source_id"].isin(measurements["source_id"]).all()
    assert structures["source_id"].is_monotonic_increasing
    assert structures["formula"].notna().all()
    jqc = structures.set_index("structure_id").loc["obelix:jqc"]
    assert jqc["formula"] == "Li7 Bi1 O6"
    assert "noise" in jqc["provenance"]
    assert read_cif(jqc["cif"]).composition["O"] == pytest.approx(6.0)


def test_a_damaged_cif_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "all_cifs.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in (("cifs/x.cif", b"data_\xff"), ("cifs/notes.txt", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    structures = obelix.read_structures(path)
    assert list(structures["structure_id"]) == ["obelix:x"]
    assert pd.isna(structures["formula"][0])
    assert structures["cif"][0].startswith("data_")


def test_an_archive_without_a_cif(tmp_path: Path) -> None:
    path = tmp_path / "all_cifs.tar.gz"
    tarfile.open(path, "w:gz").close()
    with pytest.raises(SourceError, match="holds no"):
        obelix.read_structures(path)


def test_the_official_split(data_mirror: Path) -> None:
    folder = data_mirror / "obelix"
    split = obelix.read_official_split(folder / "train_idx.csv", folder / "test_idx.csv")
    measurements = obelix.read_measurements(folder / "all.csv")
    assert split["role"].value_counts().to_dict() == {"train": 478, "test": 121}
    assert list(split["source_id"]) == list(measurements["source_id"])


def test_an_id_on_both_sides_of_the_split_is_refused(tmp_path: Path) -> None:
    train, test = tmp_path / "train_idx.csv", tmp_path / "test_idx.csv"
    train.write_text("ID\na\nb\n")
    test.write_text("ID\nb\n")
    with pytest.raises(SourceError, match="both list 'b'"):
        obelix.read_official_split(train, test)
