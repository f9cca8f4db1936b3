"""Whatever one row does in any stage costs that row, and is named; the other rows go on."""

from collections.abc import Callable
from typing import Any

import pytest

from sse_assets.curation.electrolytes import curate_electrolytes
from sse_assets.curation.measurements import curate_measurements
from sse_assets.descriptors.feature_sets import feature_matrix
from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pore_settings import PoreSettings
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.descriptors.symmetry_and_disorder import symmetry_and_disorder
from sse_assets.language_models.prompts import prompt_table
from sse_assets.sources.inbox import InboxFile, read_inbox
from sse_assets.splits.protocols import assign
from sse_assets.splits.settings import SplitSettings
from sse_assets.tables.names import FeatureSet
from sse_assets_tests.curation.rows import li2o

ODD = "Rb"
"""Element of the row on which a library is made to fail."""
FINE = ("Li2O", "Li2S", "Li3N", "LiF", "LiCl", "LiBr", "LiI")


def fails_on_odd(real: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which raises where anything that it is given is of the odd row."""

    def function(*args: Any, **kwargs: Any) -> Any:
        if any(mark in repr(argument) for argument in args for mark in (ODD, "LiRbO", "7.77e-07")):
            raise ZeroDivisionError("made to fail")
        return real(*args, **kwargs)

    return function


def files() -> list[InboxFile]:
    cif = f"{li2o(0.5)}Rb Rb1 0.25 0.25 0.25 0.5\n"
    lines = [f"{formula},{formula},4,1e-{4 + i},5.2,5.2,5.2,90,90,90," for i, formula in enumerate(FINE)]
    lines.append("odd,LiRbO,4,7.77e-07,,,,,,,odd.cif")
    header = "id,formula,z,conductivity_s_cm,a,b,c,alpha,beta,gamma,structure"
    return [
        InboxFile("lab.csv", "\n".join([header, *lines, ""]).encode()),
        InboxFile("odd.cif", cif.encode()),
    ]


@pytest.mark.parametrize(
    ("function", "table"),
    [
        ("sources.inbox.read_crystal", "refused"),
        ("sources.inbox.check_limits", "refused"),
        ("curation.measurements.smallest_imbalance", "rejected"),
        ("curation.measurements.parse_conductivity", "rejected"),
        ("curation.electrolytes.disorder_class", "rejected"),
        ("curation.electrolytes.detected_space_group", "rejected"),
        ("curation.electrolytes.compare_with_formula", "rejected"),
        ("descriptors.crystals.read_crystal", "failures"),
        ("descriptors.unit_cells.parse_composition", "failures"),
        ("descriptors.pores.p1_cif", "failures"),
        ("descriptors.symmetry_and_disorder.disorder_features", "failures"),
    ],
)
def test_a_row_that_raises_costs_itself_alone(
    monkeypatch: pytest.MonkeyPatch, function: str, table: str
) -> None:
    module, _, name = f"sse_assets.{function}".rpartition(".")
    with monkeypatch.context() as patch:
        real = getattr(__import__(module, fromlist=[name]), name)
        patch.setattr(f"{module}.{name}", fails_on_odd(real))
        content = read_inbox(files())
        measurements, rejected = curate_measurements(content.measurements)
        curated = curate_electrolytes(measurements, content.structures, {})
        rows = curated.electrolytes
        fractions = stoichiometric(rows)
        geometry, geometric_failures = geometric(
            rows, curated.structures, PoreSettings(n_samples=50), workers=1
        )
        symmetry, symmetry_failures = symmetry_and_disorder(rows, curated.structures)

    ids = set(rows["electrolyte_id"])
    assert {f"inbox:{formula}" for formula in FINE} <= ids
    assert len(geometry) == len(symmetry) == len(prompt_table(rows)) / 4 == len(rows)
    assigned = assign(rows, feature_matrix(FeatureSet.ALL, fractions, geometry), SplitSettings(folds=2))
    assert set(assigned["electrolyte_id"]) == ids
    lost = {
        "refused": content.refused.to_dict("records"),
        "rejected": [*rejected.to_dict("records"), *curated.rejected.to_dict("records")],
        "failures": [*geometric_failures.to_dict("records"), *symmetry_failures.to_dict("records")],
    }[table]
    reasons = [row["reason"] for row in lost if "odd" in (row.get("source_id") or row["electrolyte_id"])]
    assert any("made to fail" in reason for reason in reasons), lost
    assert ("inbox:odd" in ids) == (table == "failures")
