"""The structure types of the AFLOW library that pymatgen carries, as far as they can be ionic."""

import gzip
import json
from functools import cache
from importlib.resources import files

from pymatgen.core import Structure

from sse_assets.materials.charge_balance import TOLERANCE, smallest_imbalance
from sse_assets.prototypes.library import NoPrototypeError, Prototype, Source, prototype, with_signs_reversed

_LIBRARY = files("pymatgen.analysis") / "prototypes" / "aflow_prototypes.json.gz"
_MOST_SITES = 60
"""Larger ones are of no use for electrolytes: the largest of them are intermetallics."""


@cache
def aflow_prototypes() -> tuple[Prototype, ...]:
    """Return the types of compounds whose charges balance, and each of them with its signs reversed.

    The library is that of Mehl et al. (Comput. Mater. Sci. 136, S1, 2017).
    """
    found = []
    # pymatgen's own list of them parses the references in BibTeX too: 4 s of a processor, against 0.1 s.
    for entry in json.loads(gzip.decompress(_LIBRARY.read_bytes())):
        structure, name = Structure.from_dict(entry["snl"]), f"aflow:{entry['tags']['aflow']}"
        composition = structure.composition.element_composition
        if len(structure) > _MOST_SITES or smallest_imbalance(composition) > TOLERANCE:
            continue
        try:
            known = prototype(structure, Source(name, str(composition.reduced_formula), is_type=True))
            found += [known, with_signs_reversed(known)]
        except NoPrototypeError:  # an element of the table without symmetry has no orbits to place atoms on
            continue
    return tuple(found)
