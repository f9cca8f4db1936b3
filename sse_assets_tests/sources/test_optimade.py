import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Composition, Element, Lattice, Structure

from sse_assets.materials.crystal import read_cif
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.sources import optimade
from sse_assets.sources.lithium_compounds import LithiumCompounds
from sse_assets.sources.optimade import (
    MATERIALS_PROJECT,
    Provider,
    optimade_formula,
    query_lithium_compounds,
    query_references,
)
from sse_assets.tables import raw
from sse_assets.tables.names import StructureOrigin
from sse_assets_tests.sources.conftest import Answer, LocalServer

ROCK_SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.03), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
CAESIUM_CHLORIDE = Structure(Lattice.cubic(2.5), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
LITHIUM = Structure(Lattice.cubic(3.4), ["Li", "Li"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def provider(server: LocalServer, name: str = "Database") -> Provider:
    return Provider(name, f"{server.url}/{name.lower()}/", StructureOrigin.OQMD, "CC BY 4.0")


def entry(identifier: str, structure: Structure, **attributes: object) -> dict[str, object]:
    """A structure as OPTIMADE 1.1 words it."""
    symbols = [site.specie.symbol for site in structure]
    return {
        "id": identifier,
        "type": "structures",
        "attributes": {
            "lattice_vectors": structure.lattice.matrix.tolist(),
            "cartesian_site_positions": structure.cart_coords.tolist(),
            "species_at_sites": symbols,
            "species": [{"name": s, "chemical_symbols": [s], "concentration": [1.0]} for s in set(symbols)],
        }
        | attributes,
    }


def page(*entries: object, following: object = None) -> Answer:
    return 200, json.dumps({"data": entries, "links": {"next": following}, "meta": {}}).encode()


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("Li3PS4", "Li3PS4"),
        ("Li10Ge(PS6)2", "GeLi10P2S12"),
        ("Li12.0P4.0S16.0", "Li3PS4"),
        ("Li0.5La0.5TiO3", "LaLiO6Ti2"),
        ("Li4Al0.33Si0.17Ge0.17P0.33O4", "Al2GeLi24O24P2Si"),
        ("Li6.75La3Zr1.75Ta0.25O12", "La12Li27O48TaZr7"),
        ('"(Li2S)0.75 (P2S5)0.25"', "Li3PS4"),
        ("Li1.076Al0.6923Ti1.462(PO4)3", None),
        ("not a formula", None),
    ],
)
def test_the_formula_that_optimade_indexes(formula: str, expected: str | None) -> None:
    assert optimade_formula(formula) == expected


@given(st.dictionaries(st.sampled_from(["Li", "La", "Zr", "O", "S", "Cl"]), st.integers(1, 24), min_size=1))
def test_the_optimade_formula_means_the_same_composition(counts: dict[str, int]) -> None:
    reduced = optimade_formula("".join(f"{symbol}{n}" for symbol, n in counts.items()))
    assert reduced is not None
    assert composition_key(parse_composition(reduced)) == composition_key(Composition(counts))
    symbols = re.findall("[A-Z][a-z]?", reduced)
    assert symbols == sorted(symbols)


def test_structures_of_a_composition(server: LocalServer) -> None:
    server.respond = lambda path, query: page(entry("1001", CAESIUM_CHLORIDE), entry("999", ROCK_SALT))
    references = query_references(["LiF", "F2Li2", "gibberish"], [provider(server)])

    assert references.warnings == []
    assert references.queried == 1
    ((path, query),) = server.requests
    assert path == "/database/v1/structures"
    assert query["filter"] == 'chemical_formula_reduced="FLi"'
    table = references.structures
    raw.REFERENCE_STRUCTURES.check(table)
    assert list(table["structure_id"]) == ["oqmd:999", "oqmd:1001"]
    assert list(table["rank"]) == [1, 2]
    assert list(table["space_group"]) == ["Fm-3m", "Pm-3m"]
    assert table["volume_per_atom"].tolist() == pytest.approx([4.03**3 / 8, 2.5**3 / 2])
    assert set(table["origin"]) == {"oqmd"}
    assert set(table["formula"]) == {"LiF"}
    assert table["provenance"][0] == f"Database, {server.url}/database/v1/structures/999"
    crystal = read_cif(table["cif"][0])
    assert crystal.composition == ROCK_SALT.composition
    assert crystal.lattice.abc == pytest.approx((4.03, 4.03, 4.03))


def test_shared_and_vacant_sites(server: LocalServer) -> None:
    species = [
        {"name": "site", "chemical_symbols": ["Li", "Na", "vacancy"], "concentration": [0.5, 0.25, 0.25]},
        {"name": "F", "chemical_symbols": ["F"], "concentration": [1.0]},
    ]
    shared = entry("mp-1", CAESIUM_CHLORIDE, species=species, species_at_sites=["site", "F"])
    server.respond = lambda path, query: page(shared)
    (row,) = query_references(["Li0.5Na0.25F"], [provider(server)]).structures.to_dict("records")
    assert row["structure_id"] == "mp-1"
    assert read_cif(row["cif"]).composition.as_dict() == {"Li": 0.5, "Na": 0.25, "F": 1.0}


@pytest.mark.parametrize("as_object", [False, True], ids=["text", "object"])
def test_pages_are_followed(server: LocalServer, as_object: bool) -> None:
    link = f"{server.url}/elsewhere?page=2"

    def respond(path: str, query: dict[str, str]) -> Answer:
        if path == "/elsewhere":
            return page(entry("3", LITHIUM))
        return page(entry("2", ROCK_SALT), following={"href": link} if as_object else link)

    server.respond = respond
    references = query_references(["LiF", "Li"], [provider(server)])
    assert references.warnings == []
    assert list(references.structures["structure_id"]) == ["oqmd:3", "oqmd:2"]


def test_pages_without_end_are_left(server: LocalServer) -> None:
    server.respond = lambda path, query: page(entry("1", ROCK_SALT), following=f"{server.url}/database/again")
    references = query_references(["LiF"], [provider(server)])
    assert len(server.requests) == 20
    assert len(references.structures) == 1
    assert "Database has more than 20 pages for one request" in references.warnings[0]


def test_many_compositions_are_asked_for_in_a_few_requests(server: LocalServer) -> None:
    server.respond = lambda path, query: page()
    calls: list[tuple[int, int]] = []
    formulas = [f"Li{Element.from_Z(z).symbol}" for z in range(19, 60)]
    references = query_references(
        formulas, [provider(server), provider(server, "Other")], progress=lambda *call: calls.append(call)
    )
    asked = [re.findall('"(.+?)"', query["filter"]) for path, query in server.requests]
    assert [len(batch) for batch in asked] == [20, 20, 1] * 2
    assert len(set().union(*asked[:3])) == references.queried == 41
    assert calls == [(done, 6) for done in range(7)]


def slow(path: str, query: dict[str, str]) -> Answer:
    time.sleep(2)
    return page()


@pytest.mark.parametrize(
    ("respond", "trouble"),
    [
        (lambda path, query: (500, b"oops"), "answered 500 Internal Server Error"),
        (lambda path, query: (429, b""), "answered 429 Too Many Requests"),
        (lambda path, query: (200, b"<html>maintenance</html>"), "answered with something that is not JSON"),
        (lambda path, query: (200, b"[1, 2]"), "answered without a list of structures"),
        (lambda path, query: (200, b'{"data": null}'), "answered without a list of structures"),
        (slow, "did not answer within"),
    ],
    ids=["error", "busy", "not JSON", "no object", "no data", "slow"],
)
def test_a_provider_in_trouble_costs_its_structures_only(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, respond: Callable, trouble: str
) -> None:
    monkeypatch.setattr(optimade, "_READ_S", 0.3)
    well = page(entry("7", ROCK_SALT))
    server.respond = lambda path, query: respond(path, query) if path.startswith("/ill/") else well
    references = query_references(["LiF"], [provider(server, "Ill"), provider(server, "Well")])
    assert list(references.structures["structure_id"]) == ["oqmd:7"]
    (warning,) = references.warnings
    assert warning.startswith(f"Ill {trouble}")
    assert warning.endswith(
        "so structures of up to 1 of 1 compositions are missing: run again later, or use a recorded snapshot"
    )


def test_what_came_before_the_trouble_is_kept(server: LocalServer) -> None:
    server.respond = lambda path, query: (
        page(entry("1", ROCK_SALT), following=f"{server.url}/broken") if path != "/broken" else (404, b"")
    )
    references = query_references(["LiF"], [provider(server)])
    assert list(references.structures["structure_id"]) == ["oqmd:1"]
    assert "Database answered 404 Not Found" in references.warnings[0]


def test_a_provider_that_is_down(server: LocalServer) -> None:
    nobody = Provider("Nobody", "http://127.0.0.1:9", StructureOrigin.OQMD, "CC BY 4.0")
    references = query_references(["LiF"], [nobody])
    assert references.structures.empty
    raw.REFERENCE_STRUCTURES.check(references.structures)
    assert references.warnings[0].startswith(
        "Nobody cannot be reached (ConnectionError), so structures of up to 1"
    )


def test_a_provider_may_not_take_longer_than_it_is_given(server: LocalServer) -> None:
    begun = time.monotonic()
    server.respond = slow
    references = query_references(["LiF"], [provider(server)], timeout_s=0.3)
    assert time.monotonic() - begun < 1.5
    assert "did not answer within 0.3 s" in references.warnings[0]


def test_entries_that_are_no_crystal_of_the_composition(server: LocalServer) -> None:
    server.respond = lambda path, query: page(
        entry("1", ROCK_SALT),
        entry("2", ROCK_SALT, species_at_sites=["Li"]),
        entry("3", ROCK_SALT, lattice_vectors=[[4.0, 0, 0], [0, 4.0, 0], [None, None, None]]),
        entry("4", ROCK_SALT, lattice_vectors=[[0.0, 0, 0]] * 3),
        {"id": "5", "attributes": {}},
        "nonsense",
        entry("6", LITHIUM),
    )
    references = query_references(["LiF"], [provider(server)])
    assert list(references.structures["structure_id"]) == ["oqmd:1"]
    unreadable, unwanted = references.warnings
    assert unreadable.startswith("Database: 5 of 7 structures cannot be read and are left out: first 2 (")
    assert unwanted == (
        "Database: 1 of 7 structures have a composition not asked for and are left out: first 6 (Li)"
    )


def test_compounds_with_lithium_come_with_what_the_provider_states(server: LocalServer) -> None:
    first = entry("7", ROCK_SALT, _gap=8.5, _hull=None)
    server.respond = lambda path, query: page(first, entry("8", CAESIUM_CHLORIDE, _hull=0.2), {"id": "9"})
    database = replace(provider(server), band_gap_field="_gap", hull_field="_hull")
    wanted = LithiumCompounds(least_elements=2, without=("H", "Fe"), most=10)
    found, warnings = query_lithium_compounds(database, wanted)
    ((_, query),) = server.requests
    assert query["filter"] == 'elements HAS "Li" AND nelements>=2 AND NOT (elements HAS ANY "H","Fe")'
    assert query["response_fields"].endswith(",species,_gap,_hull")
    assert found["material"].tolist() == ["oqmd:7", "oqmd:8"]
    assert found["formula"].tolist() == ["LiF", "LiF"]
    assert found["band_gap_ev"].tolist() == pytest.approx([8.5, math.nan], nan_ok=True)
    assert found["energy_above_hull_ev"].tolist() == pytest.approx([math.nan, 0.2], nan_ok=True)
    assert read_cif(found["cif"].iloc[0]).composition == ROCK_SALT.composition
    (warning,) = warnings
    assert "1 structures cannot be read: first 9" in warning


def test_the_hull_energy_of_the_materials_project_is_that_of_one_functional(server: LocalServer) -> None:
    """The shape of `_mp_stability`: energies by functional, of which some crystals lack some."""
    both = {"gga_gga+u": {"energy_above_hull": 0.02}, "r2scan": {"energy_above_hull": 0.3}}
    mixed = {"gga_gga+u": None, "gga_gga+u_r2scan": {"energy_above_hull": 0.0}}
    server.respond = lambda path, query: page(
        entry("mp-1", ROCK_SALT, _mp_stability=both),
        entry("mp-2", ROCK_SALT, _mp_stability=mixed),
        entry("mp-3", ROCK_SALT, _mp_stability={}),
        entry("mp-4", ROCK_SALT),
    )
    project = replace(MATERIALS_PROJECT, base_url=provider(server).base_url)
    found, (warning,) = query_lithium_compounds(project, LithiumCompounds(least_elements=2))
    ((_, query),) = server.requests
    assert query["response_fields"].endswith(",species,_mp_stability")
    energies = [0.02, 0.0, math.nan, math.nan]
    assert found["energy_above_hull_ev"].tolist() == pytest.approx(energies, nan_ok=True)
    assert warning.startswith("Materials Project states no band_gap_ev in a field of its own")


def test_no_more_compounds_are_taken_than_are_wanted_and_what_is_not_stated_is_said(
    server: LocalServer,
) -> None:
    server.respond = lambda path, query: page(entry("7", ROCK_SALT), entry("8", LITHIUM), following=path)
    found, warnings = query_lithium_compounds(provider(server), LithiumCompounds(without=(), most=1))
    assert len(found) == 1
    assert len(server.requests) == 1
    assert server.requests[0][1]["filter"] == 'elements HAS "Li" AND nelements>=3'
    assert [sentence.split(" states no ")[1].split(" ")[0] for sentence in warnings[:2]] == [
        "band_gap_ev",
        "energy_above_hull_ev",
    ]
    server.respond = lambda path, query: (500, b"")
    nothing, warnings = query_lithium_compounds(provider(server), LithiumCompounds())
    assert nothing.empty
    assert "answered 500" in warnings[-1]
