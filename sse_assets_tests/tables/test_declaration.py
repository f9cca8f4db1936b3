import pandas as pd
import pytest

from sse_assets.tables import curated, descriptors, raw, splits
from sse_assets.tables.catalogue import TABLES
from sse_assets.tables.declaration import DeclarationError, Table
from sse_assets.tables.names import Protocol

ASSIGNED = {"protocol": Protocol.RANDOM, "fold": 0, "electrolyte_id": "liion:1", "role": "train"}


def assigned(**changes: object) -> pd.DataFrame:
    return pd.DataFrame([ASSIGNED, ASSIGNED | {"electrolyte_id": "liion:2"}]).assign(**changes)


def fault(table: Table, frame: pd.DataFrame) -> str:
    with pytest.raises(DeclarationError) as caught:
        table.check(table.with_dtypes(frame))
    return str(caught.value)


def test_a_frame_that_keeps_to_its_declaration_passes() -> None:
    splits.ASSIGNMENTS.check(splits.ASSIGNMENTS.with_dtypes(assigned()))


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_every_table_has_a_typed_empty_frame_that_passes(table: Table) -> None:
    empty = table.frame()
    table.check(empty)
    assert [str(dtype) for dtype in empty.dtypes] == [column.kind.value for column in table.columns]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"role": ["train", "judge"]}, "column 'role' may hold only train, test (row 1: 'judge')"),
        ({"fold": [0, -1]}, "column 'fold' must be at least 0 (row 1: -1)"),
        ({"fold": ["0", "1"]}, "column 'fold' must hold int64"),
        ({"fold": [0, 0.5]}, "column 'fold' must hold int64"),
        (
            {"electrolyte_id": ["liion:1", None]},
            "column 'electrolyte_id' must have a value in every row",
        ),
        ({"electrolyte_id": ["liion:1", 7]}, "column 'electrolyte_id' must hold str (row 1: 7)"),
        ({"electrolyte_id": "liion:1"}, "rows 0, 1 have the same protocol and fold and electrolyte_id"),
        ({"note": "mine"}, "it has a column 'note' that is not declared"),
    ],
)
def test_a_fault_is_named_with_column_row_and_rule(changes: dict, message: str) -> None:
    said = fault(splits.ASSIGNMENTS, assigned(**changes))
    assert said.startswith("splits.assignments is not stored: ")
    assert message in said


def test_a_number_outside_its_range_is_named() -> None:
    row = {"electrolyte_id": "liion:1", "a": -5.0, "density_g_cm3": 2.0}
    assert "column 'a' must be above 0 (row 0: -5.0)" in fault(
        descriptors.GEOMETRIC, descriptors.GEOMETRIC.frame([row])
    )


def test_a_column_that_is_missing_is_named() -> None:
    assert "it lacks the column 'role'" in fault(splits.ASSIGNMENTS, assigned().drop(columns="role"))


def test_all_faults_of_a_table_stand_in_one_message() -> None:
    said = fault(splits.ASSIGNMENTS, assigned(fold=[-1, -2], role="judge", protocol="fair"))
    assert all(f"column {name!r}" in said for name in ("fold", "role", "protocol"))


def test_many_rows_with_one_fault_are_counted() -> None:
    frame = pd.concat([assigned(role="judge")] * 3, ignore_index=True)
    assert "row 2: 'judge' and 3 more" in fault(splits.ASSIGNMENTS, frame)


def test_frame_takes_what_is_declared_in_order_and_with_dtypes() -> None:
    frame = splits.ASSIGNMENTS.frame([{"role": "test", "extra": 1, **ASSIGNED}])
    assert list(frame) == ["protocol", "fold", "electrolyte_id", "role"]
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "int64", "str", "str"]


def test_frame_keeps_what_a_dtype_cannot_hold_for_check_to_name() -> None:
    frame = splits.ASSIGNMENTS.frame([ASSIGNED | {"fold": "first"}])
    assert frame["fold"].item() == "first"
    assert "must hold int64" in fault(splits.ASSIGNMENTS, frame)


def test_no_value_becomes_a_flag_or_a_number_by_itself() -> None:
    frame = curated.ELECTROLYTES.frame([{"censored": None, "a": "5.1"}])
    assert frame["censored"].isna().all()
    assert frame["a"].item() == "5.1"


def test_elements_are_columns_by_a_pattern() -> None:
    table = descriptors.STOICHIOMETRIC
    frame = table.frame([{"electrolyte_id": "liion:1", "Li": 0.5, "Cl": 0.5}])
    table.check(frame)
    assert table.column("Cl").meaning == "Atomic fraction of Cl"
    assert "column 'Li' must be at most 1 (row 0: 1.5)" in fault(table, frame.assign(Li=1.5))
    assert "'lithium' that is not declared" in fault(table, frame.assign(lithium=0.5))


def test_a_table_like_another_has_its_columns_and_further_ones() -> None:
    assert curated.MEASUREMENTS.names[: len(raw.LIION_MEASUREMENTS.names)] == raw.LIION_MEASUREMENTS.names
    assert curated.MEASUREMENTS.names[-2:] == ["conductivity_class", "repeats"]


def test_names_and_meanings_are_complete_and_lie_in_their_schema() -> None:
    for name, table in TABLES.items():
        assert table.name == name
        assert len(set(table.names)) == len(table.names)
        assert set(table.key) <= set(table.names)
        for column in table.columns:
            assert column.meaning
            assert not column.meaning.endswith(".")
