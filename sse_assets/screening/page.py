"""A page of the ranked candidates that works from a file: a table to sort and filter, and a plot to hover."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from sse_assets.materials.crystal import CifError, read_crystal

_DRAWN = 300
"""Crystals that are drawn, the best ranked; each takes a few kB of the page."""
_MOST_SITES = 300
_SHOWN = [
    "rank",
    "material",
    "formula",
    "candidate_set",
    "log10_sigma",
    "low_90",
    "high_90",
    "conductivity_class",
    "anion",
    "nearest_formula",
    "nearest_sigma_s_cm",
    "nearest_doi",
    "nearest_distance",
    "set_aside",
]
_OF_PREDICTION = ["nearest_measured", "rests_on", "remarks", "flags"]
_KEY = ["candidate_set", "candidate_id"]


def render_screening(
    ranking: pd.DataFrame,
    predictions: pd.DataFrame,
    candidates: pd.DataFrame,
    next_experiments: pd.DataFrame,
    created: datetime,
) -> str:
    """Return one HTML document that loads nothing from elsewhere.

    All that a candidate brings reaches the page as JSON and is put there as text, so that no name of a
    material can be code.

    Args:
        ranking: a frame as `tables.screening.RANKING`.
        predictions: a frame as `tables.screening.PREDICTIONS`.
        candidates: a frame as `tables.screening.CANDIDATES`.
        next_experiments: a frame as `tables.screening.NEXT_EXPERIMENTS`.
        created: time of the run.
    """
    environment = Environment(
        loader=PackageLoader("sse_assets.screening", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = ranking.merge(predictions[[*_KEY, *_OF_PREDICTION]], on=_KEY, how="left")
    rows = rows.merge(candidates[[*_KEY, "cif"]], on=_KEY, how="left")
    records = [
        {name: _plain(row[name]) for name in (*_SHOWN, *_OF_PREDICTION)}
        | ({"atoms": _atoms(row["cif"])} if place < _DRAWN and isinstance(row["cif"], str) else {})
        for place, row in enumerate(rows.to_dict("records"))
    ]
    return environment.get_template("screening.html").render(
        created=created,
        n=len(records),
        n_ranked=int(ranking["rank"].notna().sum()),
        n_refused=int(predictions["refused"].notna().sum()),
        proposals=next_experiments.to_dict("records"),
        data=_as_script(records),
    )


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def _atoms(cif: str) -> Mapping[str, Any] | None:
    """Return what a drawing needs: edges of the cell, and symbol and place of each atom, in Å."""
    try:
        structure = read_crystal(cif).structure
    except CifError:  # the answer says so
        return None
    if len(structure) > _MOST_SITES:
        return None
    return {
        "cell": structure.lattice.matrix.round(3).tolist(),
        "sites": [
            [max(site.species.items(), key=lambda item: item[1])[0].symbol, *site.coords.round(3).tolist()]
            for site in structure
        ],
    }


def _as_script(records: list[dict[str, Any]]) -> str:
    """Return JSON that may stand in a script element: no text in it can end the element."""
    text = json.dumps(records, ensure_ascii=False, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
