"""What other papers measured of the same composition."""

import pandas as pd


def medians_of_other_papers(
    labels: pd.Series, composition_keys: pd.Series, papers: pd.Series
) -> pd.DataFrame:
    """Return for each row the median label of the rows of its composition that share no paper with it.

    Args:
        labels: log10(σ / (S/cm)) by electrolyte_id.
        composition_keys: composition by electrolyte_id.
        papers: paper by electrolyte_id, as `main_papers` or with several entries for a row that names several
            papers; a missing one is equal to no other.

    Returns:
        Columns `median` (NaN without such rows) and `n`, how many rows; index as `labels`.
    """
    known = papers.dropna()
    papers_of = known.groupby(level=0).agg(frozenset).reindex(labels.index)
    rows = {}
    for _, ids in labels.groupby(composition_keys.reindex(labels.index)).groups.items():
        sources = {row: _as_set(papers_of[row]) for row in ids}
        for row in ids:
            others = [other for other in ids if other != row and not sources[row] & sources[other]]
            rows[row] = {"median": labels[others].median(), "n": len(others)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["median", "n"]).reindex(labels.index)


def main_papers(electrolyte_ids: pd.Index, papers: pd.Series) -> pd.Series:
    """Return one paper for each row: the first that it names, or its own id where it names none."""
    first = papers.dropna().groupby(level=0).first().reindex(electrolyte_ids)
    return first.fillna(electrolyte_ids.to_series())


def _as_set(papers: object) -> frozenset:
    return papers if isinstance(papers, frozenset) else frozenset()
