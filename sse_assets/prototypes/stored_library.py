"""The library of prototypes as a table that a run stores, and the answer that it gives for a bare formula."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from pymatgen.core import Lattice

from sse_assets.materials.formula import parse_composition
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.ions import Ion
from sse_assets.prototypes.library import Orbit, Prototype, Source
from sse_assets.prototypes.mapping import UnmappableError, target
from sse_assets.prototypes.structures import TRUSTED_COST, Placed, placed_alone, volume_model
from sse_assets.prototypes.volume import VolumeModel
from sse_assets.tables import generated

_TOO_COSTLY = f"no known structure takes its elements at a cost of {TRUSTED_COST:g} for each anion or less"


@dataclass(frozen=True)
class Library:
    """Prototypes, laid out for the choice, and the volumes of the elements that they tell."""

    chooser: Chooser
    volumes: VolumeModel

    @classmethod
    def of(cls, prototypes: Sequence[Prototype]) -> Self:
        """Lay out prototypes, of which there is one at least."""
        chooser = Chooser(prototypes)
        return cls(chooser, volume_model(chooser.prototypes))

    @classmethod
    def read(cls, table: pd.DataFrame) -> Self:
        """Read a frame as `tables.generated.PROTOTYPE_LIBRARY` with one row at least."""
        return cls.of([_prototype(row) for row in table.sort_values("place").to_dict("records")])

    def table(self) -> pd.DataFrame:
        """Return a frame as `tables.generated.PROTOTYPE_LIBRARY`, of which `read` makes the same library."""
        return generated.PROTOTYPE_LIBRARY.frame(
            [_row(known) | {"place": place} for place, known in enumerate(self.chooser.prototypes)]
        )

    def without(self, keys: Collection[str], papers: Collection[str]) -> Self:
        """Return the library without the crystals of some compositions (by composition key) and papers."""
        return self.of(
            [
                known
                for known in self.chooser.prototypes
                if known.key not in keys and not set((known.source.doi or "").split("|")) & set(papers)
            ]
        )

    def of_formula(self, formula: str) -> tuple[Placed | None, str]:
        """Place a composition of which only the formula is known.

        Returns:
            The placed composition, None where it is not to be trusted; and its parent and cost in words, or
            the reason why no prototype is to be trusted.
        """
        try:
            wanted = target(parse_composition(formula))
        except UnmappableError as error:
            return None, str(error)
        if not self.chooser.is_within(wanted, TRUSTED_COST):
            return None, _TOO_COSTLY
        made = placed_alone(wanted, self.chooser, self.volumes)
        if made is None:
            return None, _TOO_COSTLY
        if made.refused is not None:
            return None, made.refused[1]
        return made, made.parentage


def _row(known: Prototype) -> dict[str, Any]:
    return {
        "structure_id": known.source.structure_id,
        "signs_reversed": known.reversed,
        "formula": known.source.formula,
        "doi": known.source.doi,
        "family": known.source.family,
        "structure_type": known.source.is_type,
        "space_group": known.space_group,
        "space_group_number": known.space_group_number,
        "anions": known.anions,
        "lattice": json.dumps(known.lattice.matrix.tolist()),
        "orbits": json.dumps(
            [
                {
                    "label": orbit.label,
                    "occupants": [[ion.symbol, ion.state, share] for ion, share in orbit.occupants],
                    "sites": known.places[list(orbit.sites)].tolist(),
                }
                for orbit in known.orbits
            ]
        ),
        "exclusions": json.dumps(known.exclusions),
    }


def _prototype(row: dict[Any, Any]) -> Prototype:
    orbits: list[Orbit] = []
    places: list[list[float]] = []
    for told in json.loads(row["orbits"]):
        ions = [
            (Ion(symbol, state, row["signs_reversed"]), share) for symbol, state, share in told["occupants"]
        ]
        sites = range(len(places), len(places) + len(told["sites"]))
        orbits.append(Orbit(told["label"], tuple(sites), tuple(ions)))
        places += told["sites"]
    doi, family = (row[name] if isinstance(row[name], str) else None for name in ("doi", "family"))
    return Prototype(
        Source(row["structure_id"], row["formula"], doi, family, row["structure_type"]),
        Lattice(json.loads(row["lattice"])),
        np.array(places),
        row["space_group"],
        row["space_group_number"],
        tuple(orbits),
        tuple((one, other) for one, other in json.loads(row["exclusions"])),
        row["anions"],
        reversed=row["signs_reversed"],
    )
