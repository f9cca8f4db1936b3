import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition, Structure

from sse_assets.materials.conductivity import Conductivity, conductivity_class, parse_conductivity
from sse_assets.materials.crystal import read_cif
from sse_assets.materials.disorder import DisorderClass, disorder_class
from sse_assets.materials.formula import parse_composition
from sse_assets.materials.symmetry import detected_space_group
from sse_assets.sources import liion, obelix, sample
from sse_assets.sources.columns import SourceError
from sse_assets.tables import raw
from sse_assets_tests.stated_symmetry import stated_space_group

CELL = ["a", "b", "c", "alpha", "beta", "gamma"]
FOLDER = Path(sample.__file__).parent / "sample_data"
TABLE = pd.read_csv(FOLDER / "electrolytes.csv", keep_default_na=False).set_index("id")
WITH_CIF = sorted(TABLE.index[TABLE["structure"] != ""])


@cache
def crystal(source_id: str) -> Structure:
    return read_cif((FOLDER / "structures" / f"{source_id}.cif").read_text())


def fraction_error(one: Composition, other: Composition) -> float:
    """The largest difference in an atomic fraction."""
    elements = set(one) | set(other)
    return max(abs(one.get_atomic_fraction(e) - other.get_atomic_fraction(e)) for e in elements)


def test_the_sample_is_large_and_varied() -> None:
    table = sample.load_measurements()
    raw.SAMPLE_MEASUREMENTS.check(table)
    assert len(table) >= 60
    assert table["source_id"].is_unique
    assert table["reported_family"].nunique() >= 8
    reported = table["reported_conductivity"].map(parse_conductivity)
    assert sum(value.censored for value in reported) >= 4
    classes = reported.map(lambda value: conductivity_class(value.sigma_s_cm)).value_counts()
    assert len(classes) == 4
    assert classes.min() >= 8
    assert table["temperature_c"].dropna().between(20, 34).all()


def test_papers_that_report_several_electrolytes_make_groups() -> None:
    rows_per_paper = sample.load_measurements()["doi"].value_counts()
    assert (rows_per_paper >= 2).sum() >= 10
    assert rows_per_paper.max() >= 3


def test_the_compounds_of_table_9_are_there() -> None:
    """With Table 9's measured values; only its Li7La3Zr2O12 is another specimen than the two here."""
    measured = {
        "li6bala2ta2o12": -4.886,
        "lgps": -1.917,
        "lgps-sn-033": -2.194,
        "li6ps5br": -3.154,
        "li6ps5i": -5.900,
        "li8gep4-beta": -4.066,
        "li4snse4": -4.699,
    }
    table = sample.load_measurements().set_index("source_id")
    for source_id, log10_sigma in measured.items():
        value = parse_conductivity(table.loc[source_id, "reported_conductivity"])
        assert math.log10(value.sigma_s_cm) == pytest.approx(log10_sigma, abs=0.005)


@pytest.mark.parametrize("column", ["conductivity_doi", "structure_doi"])
def test_dois_are_well_formed(column: str) -> None:
    assert all(re.fullmatch(r"10\.\d{4,9}/[^\s|]+", doi) for doi in TABLE[column] if doi)
    assert TABLE["conductivity_doi"].ne("").all()
    assert TABLE.loc[TABLE["a"] != "", "structure_doi"].ne("").all()


def test_structures_belong_to_rows() -> None:
    structures = sample.load_structures()
    raw.SAMPLE_STRUCTURES.check(structures)
    assert set(structures["source_id"]) == {file.stem for file in (FOLDER / "structures").iterdir()}
    assert structures["structure_id"].is_unique
    assert set(structures["origin"]) == {"sample"}
    assert len(structures) >= 45
    assert len(TABLE) - len(structures) >= 10
    disorder = [disorder_class(crystal(source_id)) for source_id in structures["source_id"]]
    assert disorder.count(DisorderClass.NONE) >= 15
    assert len(disorder) - disorder.count(DisorderClass.NONE) >= 20
    assert set(disorder) == set(DisorderClass)


@pytest.mark.parametrize("source_id", WITH_CIF)
def test_a_crystal_is_that_of_its_row(source_id: str) -> None:
    row, structure = TABLE.loc[source_id], crystal(source_id)
    assert row["structure"] == f"{source_id}.cif"
    formula = parse_composition(row["formula"])
    assert fraction_error(structure.composition, formula) < 0.02
    assert structure.composition.num_atoms == pytest.approx(float(row["z"]) * formula.num_atoms, rel=0.01)
    assert structure.lattice.parameters == pytest.approx(row[CELL].astype(float).to_list())
    cif = (FOLDER / "structures" / row["structure"]).read_text()
    assert stated_space_group(cif) == row["space_group"]
    assert detected_space_group(structure)[0] == row["space_group"]


@pytest.mark.parametrize("source_id", WITH_CIF)
def test_atoms_that_are_there_together_keep_apart(source_id: str) -> None:
    structure = crystal(source_id)
    occupancy = np.array([site.species.num_atoms for site in structure])
    together = np.add.outer(occupancy, occupancy) > 1.001
    np.fill_diagonal(together, False)
    assert occupancy.max() <= 1.001
    assert structure.distance_matrix[together].min() > 1.3


def test_the_data_version_follows_table_and_crystals(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "structures").mkdir()
    (tmp_path / "electrolytes.csv").write_text("id\n")
    cif = tmp_path / "structures" / "llzo.cif"
    cif.write_text("data_llzo\n")
    monkeypatch.setattr(sample, "_TABLE", tmp_path / "electrolytes.csv")
    monkeypatch.setattr(sample, "_STRUCTURES", tmp_path / "structures")
    versions = [sample.content_sha256(), sample.content_sha256()]
    cif.write_text("data_LLZO\n")
    versions.append(sample.content_sha256())
    cif.rename(cif.with_stem("latp"))
    versions.append(sample.content_sha256())
    (tmp_path / "electrolytes.csv").write_text("id\nllzo\n")
    versions.append(sample.content_sha256())
    assert versions[0] == versions[1]
    assert len(set(versions)) == 4


def test_a_missing_crystal_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sample, "_STRUCTURES", tmp_path)
    with pytest.raises(SourceError, match=r"electrolytes\.csv, row '.+': there is no .+\.cif: add the CIF"):
        sample.load_structures()


# Against OBELiX and LiIon


def same_paper_and_composition(row: pd.Series, others: pd.DataFrame) -> pd.DataFrame:
    """The measurements of another source that should say the same as this row."""
    papers = others["doi"].fillna("").str.lower().str.split("|")
    others = others[papers.map(lambda dois: row["conductivity_doi"].lower() in dois)]
    formula = parse_composition(row["formula"])
    errors = others["formula"].map(lambda text: fraction_error(parse_composition(text), formula))
    return others[errors.astype("float64") < 0.001]


def close(one: Conductivity, other: Conductivity) -> bool:
    apart = abs(math.log10(one.sigma_s_cm / other.sigma_s_cm))
    return one.censored == other.censored and apart <= 0.05


def test_values_and_cells_agree_with_obelix_and_liion(data_mirror: Path) -> None:
    from_obelix = obelix.read_measurements(data_mirror / "obelix" / "all.csv")
    from_liion = liion.read_measurements(data_mirror / "liion" / "LiIonDatabase.csv")
    confirmed, contradicted = set(), set()
    for source_id, row in TABLE.iterrows():
        in_obelix = same_paper_and_composition(row, from_obelix)
        polymorph = in_obelix["space_group"] == row["space_group"]
        in_obelix = in_obelix[polymorph] if polymorph.any() else in_obelix
        in_liion = same_paper_and_composition(row, from_liion)
        temperature = float(row["temperature_c"] or 25)
        in_liion = in_liion[(in_liion["temperature_c"] - temperature).abs() <= 5]
        value = parse_conductivity(row["conductivity_s_cm"])
        texts = [*in_obelix["reported_conductivity"], *in_liion["reported_conductivity"]]
        agrees = [close(value, parse_conductivity(text)) for text in texts]
        if any(agrees):
            confirmed.add(source_id)
        if not all(agrees):
            contradicted.add(source_id)
        for cell in in_obelix[CELL].to_numpy():
            assert row[CELL].astype(float).to_numpy() == pytest.approx(cell, rel=0.02), source_id
    assert len(confirmed) >= 55
    assert contradicted <= confirmed
    assert contradicted == set(TABLE.index[TABLE["note"].str.contains("for the same paper")])


def elements(cif: str) -> frozenset[str]:
    found = re.search(r"^_chemical_formula_sum\s+(.+)$", cif, re.MULTILINE)
    assert found
    return frozenset(re.findall(r"[A-Z][a-z]?", found[1]))


def positions(structure: Structure) -> set[tuple[float, ...]]:
    return {tuple(xyz) for xyz in (np.round(structure.frac_coords, 5) % 1).tolist()}


@cache
def mirrored_positions(cif: str) -> set[tuple[float, ...]]:
    return positions(read_cif(cif))


def test_no_crystal_is_copied_from_a_mirror(data_mirror: Path) -> None:
    """Sites that symmetry fixes are the same in every file; one free coordinate must make the difference."""
    mirrored = obelix.read_structures(data_mirror / "obelix" / "all_cifs.tar.gz")["cif"].to_list()
    mirrored += [file.read_text() for file in (data_mirror / "mp_snapshot").glob("**/*.cif")]
    assert not set(mirrored) & set(sample.load_structures()["cif"])
    for source_id in WITH_CIF:
        structure = crystal(source_id)
        fixed_by_symmetry = np.allclose(
            24 * structure.frac_coords, np.round(24 * structure.frac_coords), atol=1e-3
        )
        if fixed_by_symmetry:
            continue
        own = elements((FOLDER / "structures" / f"{source_id}.cif").read_text())
        for cif in mirrored:
            if elements(cif) == own:
                assert mirrored_positions(cif) != positions(structure), source_id
