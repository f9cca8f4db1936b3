"""Rows of a table by the values of some of its columns."""

import pandas as pd


def rows_with(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the rows that have the given value in each named column.

    >>> frame = pd.DataFrame({"role": ["train", "test"], "predicted": [-3.0, -4.0]})
    >>> rows_with(frame, role="test")["predicted"].tolist()
    [-4.0]
    """
    has_all = pd.Series(True, index=frame.index)
    for column, value in values.items():
        has_all &= frame[column] == value
    return frame[has_all]
