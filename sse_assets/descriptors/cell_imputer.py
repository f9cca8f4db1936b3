"""What the cell of a composition may look like where nobody has seen its crystal."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from fsspec.core import url_to_fs

from sse_assets.materials.formula import element_fractions, parse_composition

IMPUTER_FILE = "cell_imputer.npz"
_ROWS_AT_A_TIME = 500
"""Rows whose ways through all trees are held in memory together."""
_NO_CHILD = -1


@dataclass(frozen=True)
class CellImputer:
    """Extremely randomised trees (Geurts et al., Mach. Learn. 63, 3, 2006), from element fractions to a cell.

    scikit-learn grows the trees. They are kept as plain arrays, so that a stored imputer answers at once: to
    import scikit-learn takes longer than all the rest of an answer.
    """

    elements: tuple[str, ...]
    """Element of each input."""
    columns: tuple[str, ...]
    """Name of each output."""
    roots: np.ndarray
    """First node of each tree, shape (n_trees,); empty if no cell was ever known."""
    feature: np.ndarray
    """Input on which each node divides, shape (n_nodes,)."""
    threshold: np.ndarray
    """Value up to which a node sends a row to the left, shape (n_nodes,)."""
    children: np.ndarray
    """Left and right child, shape (n_nodes, 2); a leaf is its own child."""
    leaf: np.ndarray
    """Row of `values` of each leaf, shape (n_nodes,)."""
    values: np.ndarray
    """Cell in each leaf, shape (n_leaves, n_columns)."""

    @classmethod
    def fit(cls, formulas: pd.Series, cells: pd.DataFrame) -> Self:
        """Fit on the rows of `cells` in which nothing is missing; both have one index."""
        columns = tuple(cells.columns)
        complete = cells.dropna().index.sort_values()
        if complete.empty:
            none = np.empty(0, dtype=np.int32)
            return cls((), columns, none, none, np.empty(0), none.reshape(0, 2), none, np.empty((0, 0)))
        from sklearn.ensemble import ExtraTreesRegressor

        fractions = _fractions(formulas.loc[complete])
        forest = ExtraTreesRegressor(200, min_samples_leaf=2, random_state=0, n_jobs=1)
        forest.fit(fractions.to_numpy(), cells.loc[complete].to_numpy())
        trees = [estimator.tree_ for estimator in forest.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])]).astype(np.int32)
        children = np.concatenate(
            [
                np.column_stack([tree.children_left, tree.children_right])
                + np.where(tree.children_left == _NO_CHILD, 0, root)[:, np.newaxis]
                for tree, root in zip(trees, roots, strict=True)
            ]
        )
        is_leaf = children[:, 0] == _NO_CHILD
        children[is_leaf] = np.flatnonzero(is_leaf)[:, np.newaxis]
        return cls(
            tuple(fractions.columns),
            columns,
            roots,
            np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).astype(np.int32),
            np.concatenate([tree.threshold for tree in trees]),
            children.astype(np.int32),
            (np.cumsum(is_leaf) - 1).astype(np.int32),
            np.concatenate([tree.value[:, :, 0] for tree in trees])[is_leaf],
        )

    def fill(self, formulas: pd.Series, cells: pd.DataFrame) -> pd.DataFrame:
        """Replace each NaN of `cells` by what the composition suggests; NaN stays if no cell was ever
        known."""
        lacking = cells.index[cells.isna().any(axis="columns")]
        if not len(self.roots) or lacking.empty:
            return cells
        fractions = _fractions(formulas.loc[lacking]).reindex(columns=list(self.elements), fill_value=0.0)
        return cells.fillna(pd.DataFrame(self._predict(fractions.to_numpy()), lacking, list(self.columns)))

    def save(self, folder: str) -> None:
        """Write `IMPUTER_FILE` into a folder; any URL that fsspec reads will do."""
        filesystem, path = url_to_fs(folder)
        filesystem.makedirs(path, exist_ok=True)
        arrays = {name: value for name, value in vars(self).items() if name not in ("elements", "columns")}
        with filesystem.open(f"{path}/{IMPUTER_FILE}", "wb") as file:
            np.savez(file, elements=np.array(self.elements), columns=np.array(self.columns), **arrays)

    @classmethod
    def load(cls, folder: str) -> Self:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: if there is no `IMPUTER_FILE`.
        """
        filesystem, path = url_to_fs(folder)
        with (
            filesystem.open(f"{path}/{IMPUTER_FILE}", "rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in stored.files}
        elements, columns = (tuple(map(str, arrays.pop(name))) for name in ("elements", "columns"))
        return cls(elements, columns, **arrays)

    def _predict(self, fractions: np.ndarray) -> np.ndarray:
        """Return the mean over the trees, shape (n, n_columns)."""
        # Single precision is what scikit-learn compares with its thresholds.
        rows = fractions.astype(np.float32)
        parts = []
        for first in range(0, len(rows), _ROWS_AT_A_TIME):
            part = rows[first : first + _ROWS_AT_A_TIME]
            row = np.arange(len(part))[:, np.newaxis]
            node, at = np.full((len(part), len(self.roots)), _NO_CHILD), self.roots[np.newaxis, :]
            while not np.array_equal(node, at):
                node = at
                goes_right = part[row, self.feature[node]] > self.threshold[node]
                at = self.children[node, goes_right.astype(np.int8)]
            parts.append(self.values[self.leaf[node]].mean(axis=1))
        return np.concatenate(parts)


def _fractions(formulas: pd.Series) -> pd.DataFrame:
    """Return the element fractions of formulas, columns sorted; index as theirs."""
    fractions = [element_fractions(parse_composition(formula)) for formula in formulas]
    return pd.DataFrame(fractions, index=formulas.index).fillna(0.0).sort_index(axis="columns")
