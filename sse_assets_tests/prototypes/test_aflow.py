import gzip
import json

import numpy as np
from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY
from pymatgen.core import Structure

from sse_assets.prototypes.aflow import _LIBRARY, aflow_prototypes


def test_the_types_of_ionic_compounds_are_there_with_both_signs() -> None:
    types = {(known.source.formula, known.space_group, known.reversed) for known in aflow_prototypes()}
    assert ("NaCl", "Fm-3m", False) in types
    assert ("CaF2", "Fm-3m", True) in types
    assert ("CaTiO3", "Pm-3m", False) in types or ("CaTiO3", "Pnma", False) in types


def test_alloys_are_left_out() -> None:
    assert "AuCu3" not in {known.source.formula for known in aflow_prototypes()}


def test_the_structures_are_those_that_pymatgen_reads_with_their_references() -> None:
    entries = json.loads(gzip.decompress(_LIBRARY.read_bytes()))
    for entry, known in zip(entries, AFLOW_PROTOTYPE_LIBRARY, strict=True):
        read, expected = Structure.from_dict(entry["snl"]), known["snl"].structure
        assert entry["tags"] == known["tags"]
        assert read.species == expected.species
        assert np.array_equal(read.frac_coords, expected.frac_coords)
        assert np.array_equal(read.lattice.matrix, expected.lattice.matrix)
