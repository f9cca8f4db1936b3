"""Makes random symmetric cells with PyXtal, one request a line; a process of its own, since PyXtal may hang.

A request is JSON with `symbols`, `counts`, `space_group` and `seed`; the answer is JSON with `symbols`,
`positions` (fractional) and `lattice` (Å) of a primitive cell, or null where PyXtal finds no such cell.
"""

import json
import os
import sys
import warnings
from typing import Any

from pymatgen.core import Composition
from pyxtal import pyxtal
from pyxtal.msg import Error


def main() -> None:
    """Answer requests until standard input ends."""
    warnings.simplefilter("ignore")
    # PyXtal prints; what it says must not end up between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    print("ready", file=answers)
    for line in sys.stdin:
        print(json.dumps(_random_cell(**json.loads(line))), file=answers)


def _random_cell(symbols: list[str], counts: list[int], space_group: int, seed: int) -> dict[str, Any] | None:
    crystal = pyxtal()
    try:
        crystal.from_random(3, space_group, symbols, counts, conventional=False, random_state=seed)
    except (Error, RuntimeError, ValueError):  # the group cannot hold these atoms, or no volume fits
        return None
    if not crystal.valid:
        return None
    primitive = crystal.to_pymatgen().get_primitive_structure()
    if primitive.composition != Composition(dict(zip(symbols, counts, strict=True))):
        return None  # it has more translations than its space group, and so fewer atoms
    return {
        "symbols": [site.specie.symbol for site in primitive],
        "positions": primitive.frac_coords.tolist(),
        "lattice": primitive.lattice.matrix.tolist(),
    }


if __name__ == "__main__":
    main()
