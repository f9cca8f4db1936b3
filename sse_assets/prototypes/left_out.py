"""Known crystals left out of the library and made again, beside what needs no prototype."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from pymatgen.core import Structure

from sse_assets.materials.anions import anion_symbols
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.crystal import substituted
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.mapping import Mapping, target
from sse_assets.prototypes.structures import choose, volume_model, why_doubtful
from sse_assets.prototypes.volume import VolumeModel
from sse_assets.tables import generated


def left_out(tested: Sequence[Prototype], chooser: Chooser) -> pd.DataFrame:
    """Make each known crystal from the others, and compare cell and density.

    Everything of the same composition and everything from the same paper is left out, for the volumes of the
    elements too.

    Args:
        tested: known crystals, each left out in its turn.
        chooser: prototypes that may be parents.

    Returns:
        A frame as `tables.generated.PROTOTYPES_LEFT_OUT`. Errors are empty where no prototype is left.
    """
    rows = []
    for known in tested:
        made = made_again(known, chooser)
        by_composition = known.structure.volume / made.volumes.predict(known.composition) - 1.0
        row: dict[str, object] = {
            "structure_id": known.source.structure_id,
            "formula": known.source.formula,
            "family": known.source.family,
            "trusted": False,
            "density_error_of_composition": by_composition,
        }
        strangers = [other for other in tested if _shares_nothing(known, other)]
        if strangers:
            nearest = min(strangers, key=lambda other: _distance(known, other))
            row |= _errors(nearest.structure, known.structure, "_error_of_nearest")
        if made.mapping is not None and made.structure is not None:
            row |= {
                "cost_per_anion": made.mapping.cost,
                "trusted": why_doubtful(made.mapping, made.structure) is None,
                "parent_id": made.mapping.prototype.source.structure_id,
            }
            row |= _errors(made.structure, known.structure, "_error")
        rows.append(row)
    return generated.PROTOTYPES_LEFT_OUT.frame(rows)


@dataclass(frozen=True)
class MadeAgain:
    """A known crystal as the prototypes of other compositions and papers would have it."""

    volumes: VolumeModel
    """Fitted without the crystal."""
    mapping: Mapping | None
    """None where no other prototype has a place for every atom."""
    structure: Structure | None


def made_again(known: Prototype, chooser: Chooser) -> MadeAgain:
    """Make a known crystal from the prototypes that share neither composition nor paper with it."""
    numbers = [n for n, other in enumerate(chooser.prototypes) if _shares_nothing(known, other)]
    volumes = volume_model(chooser.prototypes[number] for number in numbers)
    found = choose(chooser, target(known.composition), known.source.family, numbers)
    if found is None:
        return MadeAgain(volumes, None, None)
    mapping, _ = found
    return MadeAgain(volumes, mapping, substituted(mapping, volumes))


def _shares_nothing(known: Prototype, other: Prototype) -> bool:
    """Return whether another crystal has another composition and is from another paper."""
    return other.key != known.key and not _papers(known) & _papers(other)


def _papers(known: Prototype) -> set[str]:
    return set(filter(None, (known.source.doi or "").split("|")))


def _distance(one: Prototype, other: Prototype) -> float:
    symbols = {*one.fractions, *other.fractions}
    return math.fsum(abs(one.fractions.get(s, 0.0) - other.fractions.get(s, 0.0)) for s in symbols)


def _errors(found: Structure, known: Structure, suffix: str) -> dict[str, float]:
    """Return the relative errors of the edges of a conventional cell, and of the density."""
    edges = zip("abc", found.lattice.abc, known.lattice.abc, strict=True)
    density = _volume_per_anion(known) / _volume_per_anion(found) - 1.0
    return {f"{name}{suffix}": one / other - 1.0 for name, one, other in edges} | {
        f"density{suffix}": density
    }


def _volume_per_anion(structure: Structure) -> float:
    content = structure.composition.element_composition
    return float(structure.volume / sum(content[symbol] for symbol in anion_symbols(content)))
