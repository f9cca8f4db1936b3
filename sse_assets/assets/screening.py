"""Group `screening`: candidates, the answers for them, and what to make next."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from sse_assets.assets.screening_settings import DatabaseSettingsOfStep, ScreeningSettingsOfStep
from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.inbox import CANDIDATES_FOLDER, LISTING_METADATA, dropped_files
from sse_assets.orchestration.io import table_asset, table_ins, table_outs, table_result
from sse_assets.orchestration.launchpad import StepConfig
from sse_assets.orchestration.on_demand import ON_DEMAND, refuse_unless_asked_for
from sse_assets.orchestration.pages import SCREENING, page_link
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.screening.candidate_sets import known_compounds, set_of_database, sets_of_files
from sse_assets.screening.home import Home
from sse_assets.screening.material import Material
from sse_assets.screening.next_experiments import next_experiments
from sse_assets.screening.page import render_screening
from sse_assets.screening.predictor import Predictor
from sse_assets.screening.ranking import ranked, shortlist
from sse_assets.sources.optimade import MATERIALS_PROJECT, OQMD, query_lithium_compounds
from sse_assets.tables import raw, screening

GROUP = "screening"
CANDIDATES = dg.AssetKey([GROUP, "candidates"])
"""Key of the asset that reads the folder of candidates."""
_CODE_VERSION = "3"
"""2: a new formula has the cell of its prototype; 3: what its source names a glass is set aside."""
_KEY = ["candidate_set", "candidate_id"]


class ScreeningConfig(ScreeningSettingsOfStep, StepConfig):
    """Filters of the ranking, and lengths of the lists."""


class DatabaseConfig(DatabaseSettingsOfStep, StepConfig):
    """Question to a database of computed crystals."""


@table_asset(
    "screening.database_candidates",
    "Crystals with Li from the Materials Project or OQMD, asked through OPTIMADE when somebody wants them.",
    code_version=_CODE_VERSION,
    kind="cif",
    tags=ON_DEMAND,
)
def database_candidates(
    context: dg.AssetExecutionContext, config: DatabaseConfig
) -> dg.MaterializeResult[pd.DataFrame]:
    """Ask a database for compounds with Li."""
    refuse_unless_asked_for(context, "pull_candidates", "a question to a database takes minutes")
    (provider,) = [one for one in (MATERIALS_PROJECT, OQMD) if one.name == config.provider]
    wanted = config.wanted()
    found, warnings = query_lithium_compounds(provider, wanted)
    for warning in warnings:
        context.log.warning(warning)
    return table_result(
        set_of_database(provider.origin.value, found),
        metadata={"filter": wanted.filter, "warnings": dg.MetadataValue.md("\n".join(warnings) or "none")},
    )


def screening_assets(dataset: Dataset) -> list[dg.AssetsDefinition]:
    """Return the assets of the group; only OBELiX has reference structures."""
    of_obelix = ("raw.reference_structures", "raw.liion_measurements") if dataset is Dataset.OBELIX else ()

    @table_asset(
        "screening.candidates",
        "Materials that somebody considers to make: files in SSE_HOME/candidates/, compounds that were "
        "measured at other temperatures alone, and computed crystals.",
        table_ins("curated.electrolytes", "curated.rejected")
        | table_ins(*of_obelix)
        | table_ins("screening.database_candidates", optional=True),
        code_version=_CODE_VERSION,
    )
    def candidates(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **tables: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        dropped, listing = dropped_files(settings.blob_root, CANDIDATES_FOLDER)
        unread = [f"{file.path} {file.refused}" for file, _ in dropped if file.refused]
        files = {file.path: content for file, content in dropped if content is not None}
        of_files, faults = sets_of_files(files)
        for sentence in (*unread, *faults):
            context.log.warning(sentence)
        of_pipeline = known_compounds(
            tables["electrolytes"],
            tables["rejected"],
            tables.get("reference_structures", raw.REFERENCE_STRUCTURES.frame()),
            tables.get("liion_measurements", raw.LIION_MEASUREMENTS.frame()),
        )
        frame = pd.concat([of_files, of_pipeline, tables["database_candidates"]], ignore_index=True)
        return table_result(
            frame,
            metadata={
                LISTING_METADATA: listing,
                "files": len(dropped),
                "not_read": dg.MetadataValue.md(
                    "\n".join(f"- {one}" for one in (*unread, *faults)) or "none"
                ),
                "sets": dg.MetadataValue.json(
                    {str(name): n for name, n in frame["candidate_set"].value_counts().items()}
                ),
            },
        )

    return [database_candidates, candidates, predictions, rankings, page]


@table_asset(
    "screening.predictions",
    "The answer for each candidate. What was answered before by the same model is taken over.",
    table_ins("screening.candidates"),
    code_version=_CODE_VERSION,
    deps=[
        dg.AssetKey(name.split("."))
        for name in (
            "curated.electrolytes",
            "generated.prototype_library",
            "models.answering",
            "models.boosted_trees",
            "models.champions",
            "models.gaussian_process",
            "metrics.predictions",
            "metrics.scores",
        )
    ],
)
def predictions(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], candidates: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Answer for the candidates that the model of today has not answered for."""
    predictor = Predictor(Home(settings.blob_root))
    answered_by = f"{predictor.answering} (code {_CODE_VERSION})"
    store = TableStore(settings.blob_root)
    key = TableKey(GROUP, "predictions")
    # The earlier answers are read past Dagster: an asset that depends on itself would never come to rest.
    earlier = store.read(key) if store.version(key) else screening.PREDICTIONS.frame()
    known = earlier[earlier["answered_by"] == answered_by].merge(candidates[_KEY], on=_KEY)
    is_known = pd.MultiIndex.from_frame(candidates[_KEY]).isin(pd.MultiIndex.from_frame(known[_KEY]))
    new = candidates[~is_known]
    progress = report_progress(context.log, "candidates")
    records = []
    answers = predictor.answers(_materials(new))
    for done, (name, answer) in enumerate(
        zip(new[_KEY].itertuples(index=False, name=None), answers, strict=True), start=1
    ):
        records.append(answer.record() | dict(zip(_KEY, name, strict=True)) | {"answered_by": answered_by})
        progress(done, len(new))
    table = pd.concat([known, screening.PREDICTIONS.frame(records)], ignore_index=True)
    table = candidates[_KEY].merge(table, on=_KEY)
    return table_result(
        screening.PREDICTIONS.frame(table),
        metadata={
            "answered_now": len(new),
            "taken_over": len(known),
            "refused": int(table["refused"].notna().sum()),
        },
    )


@dg.multi_asset(
    name="rank_candidates",
    ins=table_ins("screening.candidates", "screening.predictions"),
    outs=table_outs(
        GROUP,
        {
            "ranking": "Candidates by their predicted conductivity, and why the others are set aside.",
            "shortlist": "The best candidates of which no two have one anion and nearly one composition.",
            "next_experiments": "What to make next: likely good conductors, and what would teach the model.",
        },
        code_version=_CODE_VERSION,
    ),
)
def rankings(
    settings: dg.ResourceParam[Settings],
    config: ScreeningConfig,
    candidates: pd.DataFrame,
    predictions: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Rank the candidates and choose from them."""
    ranking = ranked(predictions, candidates, config.filters())
    yield table_result(
        ranking, "screening.ranking", metadata={"set_aside": int(ranking["set_aside"].notna().sum())}
    )
    yield table_result(shortlist(ranking, config.n_shortlist), "screening.shortlist")
    predictor = Predictor(Home(settings.blob_root))
    chosen = next_experiments(
        ranking,
        predictions,
        lambda rows: predictor.covariance(_materials(rows[_KEY].merge(candidates, on=_KEY))),
        config.n_next_experiments,
    )
    yield table_result(chosen, "screening.next_experiments")


@dg.asset(
    key=[GROUP, "report"],
    ins=table_ins(
        *(f"screening.{name}" for name in ("ranking", "predictions", "candidates", "next_experiments"))
    ),
    group_name=GROUP,
    description="The ranked candidates in one HTML file: a table to sort and filter, a plot, and a download.",
    kinds={"html"},
    code_version=_CODE_VERSION,
)
def page(
    settings: dg.ResourceParam[Settings],
    ranking: pd.DataFrame,
    predictions: pd.DataFrame,
    candidates: pd.DataFrame,
    next_experiments: pd.DataFrame,
) -> dg.MaterializeResult[None]:
    """Write the page below the blob root, beside the report."""
    html = render_screening(ranking, predictions, candidates, next_experiments, datetime.now(UTC))
    path = settings.report.with_name(SCREENING)
    write_bytes(path, html.encode())
    return dg.MaterializeResult(metadata={"page": page_link(SCREENING), "size_mb": round(len(html) / 1e6, 2)})


def _materials(candidates: pd.DataFrame) -> Iterator[Material]:
    for row in candidates.to_dict("records"):
        formula, cif = (row[name] if isinstance(row[name], str) else None for name in ("formula", "cif"))
        yield Material(formula, cif, name=row["material"])
