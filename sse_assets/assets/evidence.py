"""Group `metrics`, continued: what the models' answers rest on, and what papers and prototypes bring."""

from dataclasses import dataclass, replace
from functools import partial

import dagster as dg
import pandas as pd

from sse_assets.assets.choice import of_papers
from sse_assets.assets.models import settings_of, workers
from sse_assets.boosted_trees import folds as trees
from sse_assets.boosted_trees.explanation import shap_ranking, shap_ranking_of_kinds
from sse_assets.curation.electrolytes import with_cells
from sse_assets.descriptors.cell import CELL_COLUMNS, PROTOTYPE_COLUMNS
from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.descriptors.feature_sets import (
    GEOMETRIC_COLUMNS,
    composition_chemistry_cell,
    descriptor_kind,
)
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.evaluation.floor import SHARES, learning_curve
from sse_assets.evaluation.prototype_contribution import Compared, contributions
from sse_assets.evaluation.shapley import factor_gains
from sse_assets.gaussian_process.factors import predict_with_factors
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import ProcessDesign
from sse_assets.kept import versions
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.orchestration.evidence import EVIDENCE
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.io import table_asset, table_ins, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.report import published as published_values
from sse_assets.report.evidence_figures import gains_of_factors, learning_curves, shap_by_kind
from sse_assets.screening.answering import KNOWN_CELLS
from sse_assets.screening.model_candidates import chosen_designs, has_every_cell
from sse_assets.splits.groups import merged_groups, papers, published
from sse_assets.splits.papers import PAPER_FOLDS, Fold, as_folds, paper_folds
from sse_assets.tables import metrics
from sse_assets.tables.names import CellOrigin, FeatureSet, KernelFactor, ModelName, Protocol, Role

_CODE_VERSION = "1"
_LIBRARIES = versions("scikit-learn", "scipy", "numpy")
_FEWER_TREES = 4
"""Factor by which trees that are only compared with one another have fewer trees; it saves half a minute."""
_NO_FOLDS = "nothing is tested: there are no folds of `papers`"
_ROWS = (
    table_ins("curated.electrolytes", "splits.assignments")
    | {"further": dg.AssetIn(["splits", "formula_only"])}
    | table_ins("descriptors.chemistry", "descriptors.cell", "models.choice")
)


@dataclass(frozen=True)
class _Papers:
    """Folds of `papers`, to test the chosen process on, and what it is told of their rows."""

    features: pd.DataFrame
    labels: pd.DataFrame
    dois: pd.Series
    papers: pd.Series
    folds: list[Fold]
    designs: dict[LabelConvention, ProcessDesign]

    @classmethod
    def of(
        cls,
        electrolytes: pd.DataFrame,
        assignments: pd.DataFrame,
        further: pd.DataFrame,
        chemistry: pd.DataFrame,
        cell: pd.DataFrame,
        choice: pd.DataFrame,
    ) -> "_Papers":
        electrolytes = published(electrolytes)
        features = composition_chemistry_cell(electrolytes, chemistry, cell)
        return cls(
            features,
            labels(electrolytes),
            electrolytes.set_index("electrolyte_id")["doi"],
            papers(electrolytes),
            as_folds(of_papers(assignments, further)),
            chosen_designs(choice, has_cells=has_every_cell(features)),
        )

    @property
    def question(self) -> list[object]:
        """Return all that an outcome depends on."""
        told = [self.features, self.labels, self.dois, self.papers]
        return [_CODE_VERSION, _LIBRARIES, *told, self.folds, self.designs]

    def errors(self, train: pd.Index, test: pd.Index, convention: LabelConvention) -> pd.Series:
        """Return the absolute errors of the process on the second rows, trained on the first."""
        label = self.labels[convention]
        model = GaussianProcessModel.of_design(
            self.designs[convention], self.features.loc[train], label, self.dois
        )
        return (model.predict_mean(self.features.loc[test]) - label.loc[test]).abs()


@table_asset(
    "metrics.learning_curve",
    "How the error of the Gaussian process on new papers falls with the number of papers that it has read.",
    _ROWS,
    code_version=_CODE_VERSION,
    tags=EVIDENCE,
)
def learning_curve_table(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **tables: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Train on an eighth, a quarter, half and all of the papers."""
    held_out = _Papers.of(**tables)
    if not held_out.folds:
        context.log.info(_NO_FOLDS)
        return table_result(metrics.LEARNING_CURVE.frame())

    def curves() -> pd.DataFrame:
        return pd.concat(
            [
                learning_curve(
                    held_out.folds,
                    held_out.papers,
                    lambda train, test, name=convention: held_out.errors(train, test, name),  # type: ignore[misc]
                ).assign(label_convention=convention.value)
                for convention in LabelConvention
            ]
        )

    kept = kept_in(settings.blob_root)
    table = metrics.LEARNING_CURVE.frame(kept.frame(["learning curve", SHARES, *held_out.question], curves))
    plot = figure_metadata(partial(learning_curves, table), "What more papers bring", kept)
    return table_result(table, metadata={"plot_curve": plot})


@table_asset(
    "metrics.process_factors",
    "What composition, chemistry, cell and prototype are each worth to the Gaussian process on new papers.",
    _ROWS,
    code_version=_CODE_VERSION,
    tags=EVIDENCE,
)
def process_factors_table(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **tables: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Predict with each subset of the factors."""
    held_out = _Papers.of(**tables)
    if not held_out.folds:
        context.log.info(_NO_FOLDS)
        return table_result(metrics.PROCESS_FACTORS.frame())
    label, design = held_out.labels[LabelConvention.BOUND], held_out.designs[LabelConvention.BOUND]
    columns = {
        KernelFactor.CHEMISTRY: design.chemistry,
        KernelFactor.CELL: tuple(name for name in design.cell if name not in PROTOTYPE_COLUMNS),
        KernelFactor.PROTOTYPE: tuple(name for name in design.cell if name in PROTOTYPE_COLUMNS),
    }

    def gains_by_factor() -> pd.DataFrame:
        predicted = predict_with_factors(
            held_out.features,
            label,
            held_out.dois,
            held_out.folds,
            columns={factor: names for factor, names in columns.items() if names},
            settings=design.settings,
        )
        errors: dict[frozenset[str], pd.Series] = {
            factors: (mean - label.loc[mean.index]).abs() for factors, mean in predicted.items()
        }
        return factor_gains(errors, held_out.papers)

    kept = kept_in(settings.blob_root)
    gains = kept.frame(["process factors", columns, *held_out.question], gains_by_factor)
    table = metrics.PROCESS_FACTORS.frame(gains.assign(label_convention=LabelConvention.BOUND.value))
    plot = figure_metadata(partial(gains_of_factors, table), "What each factor is worth", kept)
    return table_result(table, metadata={"plot_gains": plot})


@table_asset(
    "metrics.shap_ranking",
    "Which descriptors, and which kinds of them, move the trees' predictions under `diversity` and under "
    "`grouped`, beside the paper's ranking.",
    table_ins("models.boosted_trees_shap", "models.boosted_trees_grouped_shap", "splits.assignments"),
    code_version=_CODE_VERSION,
    tags=EVIDENCE,
)
def shap_ranking_table(
    settings: dg.ResourceParam[Settings],
    boosted_trees_shap: pd.DataFrame,
    boosted_trees_grouped_shap: pd.DataFrame,
    assignments: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Rank by the SHAP values of test rows."""
    values = pd.concat([boosted_trees_shap, boosted_trees_grouped_shap], ignore_index=True)
    values = values[
        (values["feature_set"] == FeatureSet.ALL) & (values["label_convention"] == LabelConvention.BOUND)
    ]
    tested = assignments.loc[assignments["role"] == Role.TEST, ["protocol", "electrolyte_id"]]
    paper = {name: place for place, name in enumerate(published_values.FIGURE_7D_TOP_FEATURES, start=1)}
    kinds = {name: descriptor_kind(name) for name in values["feature"].unique()}
    rankings = []
    for protocol in (Protocol.DIVERSITY, Protocol.GROUPED):
        of_tests = values[values["protocol"] == protocol].merge(tested)
        features = shap_ranking(of_tests).rename(columns={"feature": "name"})
        features = features.assign(kind=features["name"].map(kinds), paper_rank=features["name"].map(paper))
        of_kinds = shap_ranking_of_kinds(of_tests, kinds).rename(columns={"feature": "name"})
        of_kinds = of_kinds.assign(kind=of_kinds["name"])
        n = of_tests["electrolyte_id"].nunique()
        rankings += [
            ranking.assign(protocol=protocol, ranked=ranked, n=n)
            for ranked, ranking in (("feature", features), ("kind", of_kinds))
        ]
    table = metrics.SHAP_RANKING.frame(pd.concat(rankings).assign(label_convention=LabelConvention.BOUND))
    plot = figure_metadata(
        partial(shap_by_kind, table), "What kinds of descriptors move the trees", kept_in(settings.blob_root)
    )
    return table_result(table, metadata={"plot_kinds": plot})


@table_asset(
    "metrics.prototype_contribution",
    "What the cells of prototypes bring to the Gaussian process and to trees on all features, under "
    "`grouped` and on whole papers held out.",
    _ROWS | table_ins("descriptors.geometric", "generated.prototypes", "models.boosted_trees_settings"),
    code_version=_CODE_VERSION,
    tags=EVIDENCE,
)
def prototype_contribution_table(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **tables: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Predict every row twice, by models that train on all rows, with the cells of prototypes and without.

    On papers, each row that says nothing of the official test is tested, those with a formula alone too.
    """
    ids = published(tables["electrolytes"])["electrolyte_id"]
    told = {
        name: table[table["electrolyte_id"].isin(ids)].reset_index(drop=True)
        if "electrolyte_id" in table
        else table
        for name, table in tables.items()
    }
    if not (told["cell"]["cell_origin"] == CellOrigin.PROTOTYPE).any():
        context.log.info("nothing is compared: no row has the cell of a prototype")
        return table_result(metrics.PROTOTYPE_CONTRIBUTION.frame())
    found = kept_in(settings.blob_root).frame(
        ["prototype contribution", _CODE_VERSION, _LIBRARIES, versions("xgboost"), _FEWER_TREES, told],
        lambda: _contribution(context.log, **told),
    )
    return table_result(metrics.PROTOTYPE_CONTRIBUTION.frame(found))


def _contribution(
    log: dg.DagsterLogManager,
    *,
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    further: pd.DataFrame,
    chemistry: pd.DataFrame,
    cell: pd.DataFrame,
    choice: pd.DataFrame,
    geometric: pd.DataFrame,
    prototypes: pd.DataFrame,
    boosted_trees_settings: pd.DataFrame,
) -> pd.DataFrame:
    origin = cell.set_index("electrolyte_id")["cell_origin"]
    placed = origin.index[origin == CellOrigin.PROTOTYPE]
    every = pd.concat([assignments, further], ignore_index=True)
    folds = {Protocol.GROUPED: as_folds(every[every["protocol"] == Protocol.GROUPED])}
    told = electrolytes["electrolyte_id"].isin(of_papers(assignments, further)["electrolyte_id"])
    paper = papers(electrolytes)
    if paper.loc[electrolytes.loc[told, "electrolyte_id"]].nunique() >= PAPER_FOLDS:
        folds[Protocol.PAPERS] = as_folds(paper_folds(electrolytes[told]))
    label, dois = labels(electrolytes), electrolytes.set_index("electrolyte_id")["doi"]
    cells = (cell, _without(cell, placed, electrolytes))
    with_them, without = (composition_chemistry_cell(electrolytes, chemistry, one) for one in cells)
    designs = chosen_designs(choice, has_cells=has_every_cell(without))
    compared = []
    for convention, design in designs.items():
        processes = [
            GaussianProcessModel.of_design(design, features, label[convention], dois)
            for features in (with_them, without)
        ]
        for protocol, pairs in folds.items():
            means = [process.leave_out(pairs)[0]["mean"] for process in processes]
            compared.append(Compared(protocol, ModelName.GAUSSIAN_PROCESS, convention, *means))
    fractions = stoichiometric(electrolytes).set_index("electrolyte_id").astype("float64")
    geometry = geometric.set_index("electrolyte_id")[GEOMETRIC_COLUMNS].reindex(fractions.index)
    of_types = prototypes.set_index("electrolyte_id").reindex(columns=GEOMETRIC_COLUMNS).loc[placed]
    settings = settings_of(boosted_trees_settings, FeatureSet.ALL)
    settings = replace(settings, num_parallel_tree=max(1, settings.num_parallel_tree // _FEWER_TREES))
    for protocol, pairs in folds.items():
        predicted = [
            trees.predict_folds(
                [trees.Fold(number, *pair) for number, pair in enumerate(pairs)],
                features,
                label[LabelConvention.BOUND],
                settings,
                tested=features,
                workers=workers(),
                progress=report_progress(log, f"trees, {protocol}, {title}, folds"),
            ).set_index("electrolyte_id")["predicted"]
            for title, features in (
                ("with prototypes", fractions.join(geometry.fillna(of_types))),
                ("without", fractions.join(geometry)),
            )
        ]
        compared.append(Compared(protocol, ModelName.BOOSTED_TREES, LabelConvention.BOUND, *predicted))
    groups = merged_groups(with_cells(electrolytes))
    clusters: dict[str, pd.Series] = {Protocol.GROUPED: groups, Protocol.PAPERS: paper}
    return contributions(compared, label, origin, clusters)


def _without(cell: pd.DataFrame, placed: pd.Index, electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return `descriptors.cell` as it would be without prototypes: their rows imputed like the others."""
    rows, formulas = cell.set_index("electrolyte_id"), electrolytes.set_index("electrolyte_id")["formula"]
    known = rows.index[rows["cell_origin"].isin(KNOWN_CELLS)]
    imputer = CellImputer.fit(formulas.loc[known], rows.loc[known, CELL_COLUMNS])
    unplaced = rows[CELL_COLUMNS].drop(index=placed).reindex(rows.index)
    return imputer.fill(formulas.loc[rows.index], unplaced).reset_index()


evidence_assets = [
    learning_curve_table,
    process_factors_table,
    shap_ranking_table,
    prototype_contribution_table,
]
