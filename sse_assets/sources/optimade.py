"""Crystals of the Materials Project and OQMD, asked through OPTIMADE: of a composition, or with Li.

OPTIMADE (https://www.optimade.org) is one query language and one answer format for both. Whatever goes wrong
on their side costs structures and leaves a warning, never an exception.
"""

# The client of the `optimade` package (1.5) is not used: it asks a server that answers 429 again for ever,
# throws away the pages it has when a later one fails, and cannot limit the time that a provider takes.

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pandas as pd
import requests
from pymatgen.core import Composition, Structure
from pymatgen.core.structure import StructureError
from pymatgen.io.cif import CifWriter
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from sse_assets.materials.formula import (
    FormulaError,
    composition_key,
    element_fractions,
    parse_composition,
    reduced_formula,
)
from sse_assets.materials.symmetry import detected_space_group
from sse_assets.sources.columns import References
from sse_assets.sources.lithium_compounds import LithiumCompounds
from sse_assets.tables import raw
from sse_assets.tables.names import StructureOrigin

MAX_ATOMS = 150
"""Compositions that need a larger integer formula are not asked for (the paper's limit, section II.B)."""

_FORMULAS_PER_REQUEST = 20
_PAGE_LIMIT = 50
_MAX_PAGES = 20
"""Pages followed for one request: 1000 structures for 20 compositions."""
_CONNECT_S, _READ_S = 10.0, 60.0
_RETRY = Retry(
    total=2,
    read=False,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    raise_on_status=False,
    respect_retry_after_header=False,
)
"""Two more attempts, 0 and 1 s apart, where a server is busy or cannot be reached; none where it is slow."""

_FUNCTIONALS = ("gga_gga+u", "gga_gga+u_r2scan", "r2scan")
"""Functionals by which the Materials Project states energies; the first, which OQMD has too, is preferred."""

_FIELDS = "lattice_vectors,cartesian_site_positions,species_at_sites,species"


@dataclass(frozen=True)
class Provider:
    """A database that answers OPTIMADE queries."""

    name: str
    base_url: str
    """Address without the version: `/v1/structures` is added to it."""
    origin: StructureOrigin
    licence: str
    citation: str = ""
    band_gap_field: str | None = None
    """Its own field of the band gap in eV; None where it states none in a plain field."""
    hull_field: str | None = None
    """Its own field of the energy above the convex hull in eV for each atom, likewise; or a field with one
    such energy for each of the functionals in `_FUNCTIONALS`."""


MATERIALS_PROJECT = Provider(
    "Materials Project",
    "https://optimade.materialsproject.org",
    StructureOrigin.MATERIALS_PROJECT,
    "CC BY 4.0",
    "Materials Project: A. Jain et al., APL Mater. 1, 011002 (2013), doi:10.1063/1.4812323",
    hull_field="_mp_stability",
)
OQMD = Provider(
    "OQMD",
    "https://oqmd.org/optimade",
    StructureOrigin.OQMD,
    "CC BY 4.0",
    "OQMD: S. Kirklin et al., npj Comput. Mater. 1, 15010 (2015), doi:10.1038/npjcompumats.2015.10",
    band_gap_field="_oqmd_band_gap",
    hull_field="_oqmd_stability",
)


class _ProviderError(Exception):
    """Why a provider cannot be asked any further, as the end of a sentence that begins with its name."""


def optimade_formula(formula: str) -> str | None:
    """OPTIMADE's `chemical_formula_reduced` of a composition: integers, elements in alphabetical order.

    The smallest integer formula, of at most `MAX_ATOMS` atoms, with the same `composition_key`: `LaLiO6Ti2`
    for `Li0.5La0.5TiO3`.

    Returns:
        None if there is none, or if the text is no formula.
    """
    try:
        composition = parse_composition(formula)
    except FormulaError:
        return None
    key = composition_key(composition)
    fractions = sorted(element_fractions(composition).items())
    for atoms in range(1, MAX_ATOMS + 1):
        counts = {symbol: round(fraction * atoms) for symbol, fraction in fractions}
        candidate = Composition({symbol: count for symbol, count in counts.items() if count})
        if candidate and composition_key(candidate) == key:
            return "".join(symbol if n == 1 else f"{symbol}{n}" for symbol, n in counts.items() if n)
    return None


def query_references(
    formulas: Iterable[str],
    providers: Sequence[Provider] = (MATERIALS_PROJECT, OQMD),
    *,
    timeout_s: float = 300.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> References:
    """Structures with one of these compositions, from every provider.

    Args:
        formulas: as tables print them; those without an `optimade_formula` are left out.
        providers: asked one after the other.
        timeout_s: how long one provider may take in all; what it has given by then is kept.
        progress: called with (requests done, requests in all).
    """
    asked = sorted({reduced for reduced in map(optimade_formula, formulas) if reduced})
    batches = [asked[i : i + _FORMULAS_PER_REQUEST] for i in range(0, len(asked), _FORMULAS_PER_REQUEST)]
    wanted = {composition_key(parse_composition(formula)) for formula in asked}
    requests_in_all = len(providers) * len(batches)
    rows: list[dict[str, object]] = []
    warnings: list[str] = []
    for number, provider in enumerate(providers):
        entries: list[object] = []
        deadline = time.monotonic() + timeout_s
        with _session() as session:
            for done, batch in enumerate(batches):
                progress(number * len(batches) + done, requests_in_all)
                try:
                    asked_for = " OR ".join(f'chemical_formula_reduced="{formula}"' for formula in batch)
                    for page in _pages(session, provider, asked_for, deadline):
                        entries.extend(page)
                except _ProviderError as error:
                    open_formulas = len(asked) - done * _FORMULAS_PER_REQUEST
                    warnings.append(
                        f"{provider.name} {error}, so structures of up to {open_formulas} of {len(asked)} "
                        "compositions are missing: run again later, or use a recorded snapshot"
                    )
                    break
        structures, unusable = _structures(entries, provider, wanted)
        rows.extend(_rows(structures, provider))
        warnings.extend(unusable)
    progress(requests_in_all, requests_in_all)
    frame = raw.REFERENCE_STRUCTURES.sorted_frame(rows, by=["origin", "formula", "rank"])
    return References(frame, warnings, queried=len(asked))


def query_lithium_compounds(
    provider: Provider, wanted: LithiumCompounds, *, timeout_s: float = 300.0
) -> tuple[pd.DataFrame, list[str]]:
    """Ask a provider for crystals with Li.

    Args:
        provider: that is asked.
        wanted: which compounds.
        timeout_s: how long the provider may take in all; what it has given by then is kept.

    Returns:
        Columns `material` (its id), `formula`, `cif`, `band_gap_ev` and `energy_above_hull_ev` (NaN where it
        states none); and warnings of what is missing.
    """
    stated = {"band_gap_ev": provider.band_gap_field, "energy_above_hull_ev": provider.hull_field}
    fields = ",".join([_FIELDS, *filter(None, stated.values())])
    entries: list[object] = []
    warnings = [
        f"{provider.name} states no {name} in a field of its own, so no candidate is set aside by it"
        for name, field in stated.items()
        if field is None
    ]
    pages = math.ceil(wanted.most / _PAGE_LIMIT)
    with _session() as session:
        try:
            for page in _pages(session, provider, wanted.filter, time.monotonic() + timeout_s, fields, pages):
                entries.extend(page)
        except _ProviderError as error:
            warnings.append(f"{provider.name} {error}: {len(entries)} structures were taken")
    rows, unreadable = [], []
    for entry in entries[: wanted.most]:
        try:
            identifier, structure = _structure(entry)
            own = {name: _number(entry, field) for name, field in stated.items()}
        except (KeyError, TypeError, ValueError, AttributeError, StructureError) as error:
            unreadable.append(f"{entry.get('id') if isinstance(entry, dict) else entry} ({error!r})")
            continue
        rows.append(
            {"material": _prefixed(identifier, provider), "formula": reduced_formula(structure.composition)}
            | {"cif": str(CifWriter(structure))}
            | own
        )
    if unreadable:
        warnings.append(
            f"{provider.name}: {len(unreadable)} structures cannot be read: first {unreadable[0]}"
        )
    return pd.DataFrame(rows, columns=["material", "formula", "cif", *stated]), warnings


def _number(entry: Any, field: str | None) -> float:
    value = None if field is None else entry["attributes"].get(field)
    if isinstance(value, dict):
        energies = (value[name].get("energy_above_hull") for name in _FUNCTIONALS if value.get(name))
        value = next((energy for energy in energies if energy is not None), None)
    return math.nan if value is None else float(value)


def _prefixed(identifier: str, provider: Provider) -> str:
    """Return an id that says something outside its provider; OQMD's are bare numbers."""
    return f"{provider.origin.value}:{identifier}" if identifier.isdigit() else identifier


def _session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "sse-assets (solid-electrolyte structures by composition)"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=_RETRY))
    return session


def _pages(
    session: requests.Session,
    provider: Provider,
    asked: str,
    deadline: float,
    fields: str = _FIELDS,
    most: int = _MAX_PAGES,
) -> Iterator[list[object]]:
    """Yield the entries that a filter finds, page by page.

    Raises:
        _ProviderError: when the next page cannot be had; the pages before it have been yielded.
    """
    url = f"{provider.base_url.rstrip('/')}/v1/structures"
    parameters: dict[str, str] | None = {
        "filter": asked,
        "response_fields": fields,
        "page_limit": str(_PAGE_LIMIT),
    }
    for _ in range(most):
        answer = _answer(session, url, parameters, deadline)
        data, links = answer.get("data"), answer.get("links")
        if not isinstance(data, list):
            raise _ProviderError("answered without a list of structures")
        yield data
        link = links.get("next") if isinstance(links, dict) else None
        if isinstance(link, dict):
            link = link.get("href")
        if not link:
            return
        url, parameters = urljoin(url, str(link)), None
    raise _ProviderError(f"has more than {most} pages for one request")


def _answer(
    session: requests.Session, url: str, parameters: dict[str, str] | None, deadline: float
) -> dict[str, Any]:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise _ProviderError("has used up its time")
    read_s = min(_READ_S, remaining)
    try:
        response = session.get(url, params=parameters, timeout=(min(_CONNECT_S, remaining), read_s))
        if not response.ok:
            raise _ProviderError(f"answered {response.status_code} {response.reason}")
        answer = response.json()
    except requests.Timeout as error:
        raise _ProviderError(f"did not answer within {read_s:.2g} s") from error
    except requests.JSONDecodeError as error:
        raise _ProviderError("answered with something that is not JSON") from error
    except requests.RequestException as error:
        raise _ProviderError(f"cannot be reached ({type(error).__name__})") from error
    if not isinstance(answer, dict):
        raise _ProviderError("answered without a list of structures")
    return answer


def _structures(
    entries: list[object], provider: Provider, wanted: Set[str]
) -> tuple[dict[str, Structure], list[str]]:
    """The entries that are crystals of a wanted composition, by id, and warnings of what the others are."""
    structures = {}
    unreadable = []
    unwanted = []
    for entry in entries:
        try:
            identifier, structure = _structure(entry)
        except (KeyError, TypeError, ValueError, AttributeError, StructureError) as error:
            name = entry.get("id") if isinstance(entry, dict) else entry
            unreadable.append(f"{name} ({error!r})")
            continue
        if composition_key(structure.composition) in wanted:
            structures[identifier] = structure
        else:
            unwanted.append(f"{identifier} ({reduced_formula(structure.composition)})")
    warnings = [
        f"{provider.name}: {len(ids)} of {len(entries)} structures {trouble} and are left out: first {ids[0]}"
        for ids, trouble in ((unreadable, "cannot be read"), (unwanted, "have a composition not asked for"))
        if ids
    ]
    return structures, warnings


def _structure(entry: Any) -> tuple[str, Structure]:
    """Id and crystal of an OPTIMADE structure resource; sites may be shared or partly vacant."""
    attributes = entry["attributes"]
    occupancies = {
        species["name"]: {
            symbol: share
            for symbol, share in zip(species["chemical_symbols"], species["concentration"], strict=True)
            if symbol != "vacancy"
        }
        for species in attributes.get("species") or []
    }
    sites = [occupancies.get(name, {name: 1.0}) for name in attributes["species_at_sites"]]
    lattice = np.asarray(attributes["lattice_vectors"], dtype=float)
    positions = np.asarray(attributes["cartesian_site_positions"], dtype=float)
    # OPTIMADE allows null where a crystal is not periodic; spglib crashes the interpreter on it.
    if not (np.isfinite(lattice).all() and np.isfinite(positions).all()):
        raise ValueError("a lattice vector or a position is not a number")
    structure = Structure(lattice, sites, positions, coords_are_cartesian=True)
    return str(entry["id"]), structure


def _rows(structures: dict[str, Structure], provider: Provider) -> Iterator[dict[str, object]]:
    """Yield rows of `tables.raw.REFERENCE_STRUCTURES`, without the columns that a reference does not have."""
    ranks: Counter[str] = Counter()
    # Ids are a number with or without a prefix, so the shorter of two is the older one.
    for identifier in sorted(structures, key=lambda text: (len(text), text)):
        structure = structures[identifier]
        key = composition_key(structure.composition)
        ranks[key] += 1
        try:
            space_group = detected_space_group(structure)[0]
        except ValueError:
            space_group = None
        cif = str(CifWriter(structure))
        yield {
            "origin": provider.origin.value,
            "structure_id": _prefixed(identifier, provider),
            "formula": reduced_formula(structure.composition),
            "cif": cif,
            "sha256": hashlib.sha256(cif.encode()).hexdigest(),
            "licence": provider.licence,
            "provenance": f"{provider.name}, {provider.base_url.rstrip('/')}/v1/structures/{identifier}",
            "rank": ranks[key],
            "space_group": space_group,
            "volume_per_atom": structure.volume / structure.composition.num_atoms,
        }
