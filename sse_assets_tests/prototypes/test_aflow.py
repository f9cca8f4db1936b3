from sse_assets.prototypes.aflow import aflow_prototypes


def test_the_types_of_ionic_compounds_are_there_with_both_signs() -> None:
    types = {(known.source.formula, known.space_group, known.reversed) for known in aflow_prototypes()}
    assert ("NaCl", "Fm-3m", False) in types
    assert ("CaF2", "Fm-3m", True) in types
    assert ("CaTiO3", "Pm-3m", False) in types or ("CaTiO3", "Pnma", False) in types


def test_alloys_are_left_out() -> None:
    assert "AuCu3" not in {known.source.formula for known in aflow_prototypes()}
