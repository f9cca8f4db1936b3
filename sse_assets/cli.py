"""Command line: runs, predictions, the web UI, the doctor and backups."""

import atexit
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import pandas as pd

from sse_assets.answer_commands import LOOPBACK, predict, serve, structure
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.blobs import files_below
from sse_assets.orchestration.dagster_home import WORKSPACE, create_dagster_home
from sse_assets.orchestration.folder_state import is_hidden
from sse_assets.orchestration.last_look import fingerprint, is_as_it_was, remember
from sse_assets.orchestration.settings import Dataset, Executor, Settings, SettingsError
from sse_assets.orchestration.step_settings import SettingsOfStepError
from sse_assets.orchestration.tables import TableError, TableKey, TableStore

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
"""File with the tested versions of packages; only a checkout has it."""
_ROOMS = 5
"""Folders whose room `status` states."""


@click.group()
@click.version_option(package_name="sse-assets")
def main() -> None:
    """Solid-electrolyte conductivity: from raw data to scored models, as Dagster assets."""


@main.command()
@click.option("--everything", is_flag=True, help="Materialise every asset, stale or not.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings in YAML, under `ops` as in the launchpad; the assets that have them are made again.",
)
@click.option("--job", help="Job whose assets on demand are made too, such as train_small_language_model.")
@click.option(
    "--partition", "partitions", multiple=True, help="Partition of that job; all, if none is named."
)
def run(everything: bool, config: Path | None, job: str | None, partitions: tuple[str, ...]) -> None:
    """Bring every asset up to date; print the scores and the path of the report."""
    if partitions and not job:
        raise click.UsageError("--partition says what to make of a --job: name the job too")
    started = time.monotonic()
    settings = _settings()
    op_config = _op_config(config, settings.dataset) if config else {}
    _prepare_dagster_home(settings)

    click.echo(f"Data set {settings.dataset}; everything is written below {settings.home}")
    if settings.given_dagster_home:
        click.echo(f"Dagster's runs and events are kept as {settings.dagster_home}/dagster.yaml says")
    if not (everything or config or job) and is_as_it_was(settings, fingerprint(settings)):
        click.echo("Nothing is stale: every asset is up to date.")
        succeeded = True
    else:
        succeeded = _make_what_is_stale(settings, everything, config, op_config, job, partitions)
    # DuckDB is imported where it is used, so that an answer does without.
    from sse_assets.orchestration.warehouse import bring_up_to_date

    store = TableStore(settings.blob_root)
    copied = bring_up_to_date(settings.warehouse, store)
    if not succeeded:
        click.echo(
            "\nA step failed; its message is above. What was finished is kept: run again to go on.",
            err=True,
        )
        sys.exit(1)
    for sentence in _answers_of_the_inbox(settings, store):
        click.echo(f"Inbox: {sentence}")
    click.echo(f"\n{_score_table(store.read(TableKey('metrics', 'scores')))}\n")
    click.echo(f"Report:    {settings.report}")
    click.echo(f"Warehouse: {settings.warehouse}" + (f" ({copied.waiting})" if copied.waiting else ""))
    click.echo(f"Done in {time.monotonic() - started:.0f} s.")


def _make_what_is_stale(
    settings: Settings,
    everything: bool,
    config: Path | None,
    op_config: dict[str, object],
    job: str | None,
    partitions: tuple[str, ...],
) -> bool:
    """Return whether all runs succeeded; print what they do."""
    # Dagster and the stages take seconds to import, and a wrong setting is answered at once.
    import dagster as dg

    from sse_assets.assets.up_to_date import bring_up_to_date as make_what_is_stale
    from sse_assets.assets.up_to_date import is_up_to_date
    from sse_assets.orchestration.event_log import open_instance
    from sse_assets.orchestration.executors import require_ray_cluster
    from sse_assets.orchestration.pruning import forget_kept, forget_models, forget_runs
    from sse_assets.orchestration.runs import UnknownJobError, UnknownOpError, pipeline_of

    if settings.executor is Executor.RAY:
        with _one_sentence(SettingsError):
            require_ray_cluster(settings.ray_address)
    pipeline = pipeline_of("sse_assets.definitions")
    with (
        _one_sentence(UnknownJobError),
        _one_sentence(UnknownOpError, dg.DagsterInvalidConfigError, SettingsOfStepError, begin=f"{config}: "),
        open_instance(settings) as instance,
    ):
        succeeded = make_what_is_stale(
            settings,
            pipeline,
            instance,
            announce=click.echo,
            everything=everything,
            op_config=op_config,
            job=job,
            partitions=partitions,
        )
        forget_models(settings.blob_root)
        forget_kept(settings.blob_root)
        forget_runs(instance, settings.dagster_home)
        now = fingerprint(settings)
        if succeeded and is_up_to_date(settings, pipeline, instance):
            remember(settings, now)
    return succeeded


def _answers_of_the_inbox(settings: Settings, store: TableStore) -> list[str]:
    """Return a sentence for each file of the inbox: what became of its rows, or that it waits to be read."""
    from sse_assets.curation.inbox_answers import summaries

    key = TableKey("curated", "inbox")
    version = store.version(key)
    told = summaries(store.read(key)) if version else []
    read_at = datetime.fromisoformat(version.written_at).timestamp() if version else 0.0
    waiting = [
        path.relative_to(settings.inbox).as_posix()
        for path in files_below(settings.inbox, is_hidden)
        if path.lstat().st_ctime > read_at
    ]
    return [*told, *(f"{name} was put there or changed since the last run" for name in waiting)]


@main.command()
def inbox() -> None:
    """Say of each file in the inbox how many rows are used, and why the others are not."""
    settings = _settings()
    told = _answers_of_the_inbox(settings, TableStore(settings.blob_root))
    click.echo("\n".join(told) or f"There is no file in {settings.inbox}")


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port on this computer.")
@click.option(
    "--host",
    default=LOOPBACK,
    show_default=True,
    help="Address to listen at. Any other lets everybody who reaches it start runs: there is no password.",
)
def ui(port: int, host: str) -> None:
    """Open Dagster's web UI, and the daemon behind schedules and automation, on this computer only."""
    from sse_assets.doctor.machine import is_free

    settings = _settings()
    if not is_free(port, host):
        raise click.ClickException(
            f"nothing can listen at {host}:{port}: use the UI if it is open there, as two on one home would "
            "start every run twice; if another program has the port, name another --port"
        )
    _prepare_dagster_home(settings)
    click.echo(f"Dagster opens at http://{host}:{port} (Ctrl-C ends it)")
    if host != LOOPBACK:
        click.echo(
            f"warning: the web UI has no password, and whoever reaches {host} may start, stop and read "
            "everything: put a server that asks for one in front of it",
            err=True,
        )
    os.chdir(settings.home)  # Dagster warns of a dagster.yaml in the current folder that is not its own
    arguments = ["-m", "sse_assets.orchestration.web_ui", "-w", str(WORKSPACE), "-h", host, "-p", str(port)]
    arguments += ["--log-level", "warning"]  # else a line for each look of each sensor
    os.execv(sys.executable, [sys.executable, *arguments])


@main.command()
@click.option("--network", is_flag=True, help="Ask the servers of the sources too.")
def doctor(network: bool) -> None:
    """Say what is missing here, and what works without it; fail only if `make run` would."""
    from sse_assets.doctor.examination import examine
    from sse_assets.doctor.findings import Mark

    is_broken = False
    for finding in examine(CONSTRAINTS, network=network):
        click.echo(str(finding))
        is_broken |= finding.mark is Mark.BROKEN
    sys.exit(int(is_broken))


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy SSE_HOME into FILE, a tar.gz; runs may go on meanwhile."""
    from sse_assets.orchestration.backup import BackupError, back_up

    settings = _settings()
    with _one_sentence(BackupError):
        made = back_up(settings, file)
    click.echo(f"{file} holds {made.files} files of {settings.home}, {file.stat().st_size / 1e6:.1f} MB")
    for sentence in made.label.elsewhere:
        click.echo(f"note: {sentence}")
    for path in made.skipped:
        click.echo(f"note: {path} is a link or no plain file, and is left out")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Make SSE_HOME, which must be new or empty, from FILE, which `backup` wrote."""
    from sse_assets.orchestration.backup import BackupError
    from sse_assets.orchestration.backup import restore as restore_home

    settings = _settings()
    with _one_sentence(BackupError):
        made = restore_home(settings, file)
    click.echo(f"{settings.home} is as it was on {made.label.made_at}: {made.files} files")
    click.echo(f"Warehouse: {made.copied.waiting or f'{len(made.copied.tables)} tables'}")
    for run_id in made.ended:
        click.echo(f"note: the run {run_id} was going on then, and counts as failed here")
    for sentence in made.label.elsewhere:
        click.echo(f"note: {sentence}")


main.add_command(predict)
main.add_command(structure)
main.add_command(serve)


@main.command()
def status() -> None:
    """Say what is there, which model answers and how well, what takes the room, and what is stale."""
    from sse_assets.orchestration.room import room_taken
    from sse_assets.screening.errors import PredictionError
    from sse_assets.screening.home import Home
    from sse_assets.screening.predictor import Predictor

    settings = _settings()
    home = Home(settings.blob_root)
    tables = home.store.current_versions()
    if not tables:
        raise click.ClickException(f"there is nothing at {settings.home} yet: call `sse-assets run`")
    electrolytes = home.table("curated", "electrolytes")
    rows = "" if electrolytes is None else f", {len(electrolytes)} electrolytes"
    click.echo(
        f"{settings.home}: {len(tables)} tables{rows}; the last of {home.store.last_write():%F %R} UTC"
    )
    predictor = Predictor(home)
    asked_by_answer: dict[str, list[str]] = {}
    for has_crystal, asked in ((False, "a formula"), (True, "a CIF")):
        try:
            model = predictor.describe(has_crystal=has_crystal)
            errors = (
                f"\n  error under {protocol}: {of.mae:.2f} in log10 σ ({of.low:.2f} to {of.high:.2f})"
                for protocol, of in model.errors.items()
            )
            answer = f"answers {model.sentence}{''.join(errors)}"
        except PredictionError as error:
            answer = f"no model answers: {error}"
        asked_by_answer.setdefault(answer, []).append(asked)
    for answer, alike in asked_by_answer.items():
        click.echo(f"For {' and '.join(alike)} {answer}")
    taken = room_taken(settings)
    parts = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in list(taken.items())[:_ROOMS])
    click.echo(f"It takes {sum(taken.values()) / 1e6:.1f} MB, most of it: {parts}")
    stale = _stale(settings)
    click.echo(
        f"Stale: {', '.join(stale)}; `sse-assets run` makes them again" if stale else "Nothing is stale"
    )


@main.command()
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
def report(opens: bool) -> None:
    """Print the path of the report of the last run."""
    file = _settings().report
    if not file.exists():
        raise click.ClickException(f"there is no report at {file} yet: call `sse-assets run`")
    click.echo(str(file))
    if opens:
        click.launch(str(file))


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion of this command for a SHELL, to be put where it begins, such as ~/.bashrc."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # click knows each of the three
    click.echo(kind(main, {}, "sse-assets", "_SSE_ASSETS_COMPLETE").source())


@main.command()
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="New or empty folder.",
)
def splits(output: Path) -> None:
    """Write the folds and what may be known of each row, for a model of your own; see docs/judging.md."""
    from sse_assets.evaluation.given_folds import given_folds

    settings = _settings()
    if output.exists() and any(output.iterdir()):
        raise click.ClickException(f"{output} is not empty: name a new folder")
    electrolytes, *tables = _tables_of_a_run(
        settings,
        ("curated", "electrolytes"),
        ("splits", "assignments"),
        ("splits", "formula_only"),
        ("metrics", "predictions"),
    )
    files = {name: text.encode() for name, text in given_folds(electrolytes, *tables).items()}
    for path in electrolytes["structure_path"].dropna().unique():
        files[path] = (settings.blob_root / path).read_bytes()
    for name, content in files.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(content)
    alone = int(electrolytes["formula_only"].sum())
    click.echo(
        f"{output} holds the folds of {len(electrolytes)} electrolytes ({alone} of them have a formula alone "
        "and only train); its README.md says what to do"
    )


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Of the model; by default the name of the file.")
@click.option("--fill-missing", is_flag=True, help="Let the train median stand in for test rows that lack.")
@click.option("--add", is_flag=True, help="Keep the predictions; the next run puts them on the leaderboard.")
def score(file: Path, name: str | None, fill_missing: bool, add: bool) -> None:
    """Score FILE, predictions of a model of your own on the folds that `splits` wrote."""
    from sse_assets.curation.electrolytes import with_cells
    from sse_assets.evaluation.floor import scatter_between_laboratories
    from sse_assets.evaluation.submitted import (
        SubmissionError,
        judge,
        read_submission,
        submission,
        too_good,
    )
    from sse_assets.evaluation.twins import barred_twins
    from sse_assets.report.leaderboard import verdict_text
    from sse_assets.splits.groups import resampled_whole

    settings = _settings()
    name = name or file.stem
    electrolytes, assignments, further, predictions, our_scores, floor = _tables_of_a_run(
        settings,
        ("curated", "electrolytes"),
        ("splits", "assignments"),
        ("splits", "formula_only"),
        ("metrics", "predictions"),
        ("metrics", "scores"),
        ("metrics", "floor"),
    )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not text in UTF-8: save it as CSV") from error
    with _one_sentence(SubmissionError, begin=f"{file} is not scored.\n"):
        submitted = submission(
            read_submission(text),
            predictions,
            name,
            only_train=electrolytes.loc[electrolytes["formula_only"], "electrolyte_id"],
            twins=barred_twins(electrolytes, assignments, further),
            fill_missing=fill_missing,
        )
    electrolytes = with_cells(electrolytes)
    clusters = resampled_whole(electrolytes)
    verdict = judge(submitted, predictions, our_scores, clusters)
    click.echo(verdict_text(verdict, name))
    own = submitted[~submitted["imputed"]]
    if 0 < len(own) < len(submitted):
        click.echo(f"\nOn the {len(own)} of {len(submitted)} rows that it predicts itself:\n")
        click.echo(verdict_text(judge(own, predictions, our_scores, clusters), name))
    scatter = scatter_between_laboratories(floor)
    for sentence in too_good(verdict, name, scatter.mean) if scatter else ():
        click.echo(f"warning: {sentence}", err=True)
    if add:
        from sse_assets.assets.judging import add_submission
        from sse_assets.orchestration.warehouse import bring_up_to_date

        store = TableStore(settings.blob_root)
        add_submission(store, submitted)
        bring_up_to_date(settings.warehouse, store)
        click.echo(f"\n{name} is kept; `sse-assets run` puts it on the leaderboard")


def _tables_of_a_run(settings: Settings, *names: tuple[str, str]) -> list[pd.DataFrame]:
    store = TableStore(settings.blob_root)
    try:
        return [store.read(TableKey(*name)) for name in names]
    except TableError as error:
        raise click.ClickException(f"{error}: call `sse-assets run` first") from error


@contextlib.contextmanager
def _one_sentence(*errors: type[Exception], begin: str = "") -> Iterator[None]:
    """End the command with the text of an error, and without its traceback."""
    try:
        yield
    except errors as error:
        raise click.ClickException(f"{begin}{error}") from error


def _settings() -> Settings:
    with _one_sentence(SettingsError):
        return Settings.from_environment()


def _stale(settings: Settings) -> list[str]:
    """Return the names of assets that `run` would make again."""
    import dagster as dg

    from sse_assets.orchestration.runs import pipeline_of
    from sse_assets.orchestration.staleness import stale_partitions

    _prepare_dagster_home(settings)
    graph = pipeline_of("sse_assets.definitions").get_definition().asset_graph
    with dg.DagsterInstance.get() as instance:
        return [".".join(key.path) for key in stale_partitions(graph, instance)]


def _op_config(file: Path, dataset: Dataset) -> dict[str, object]:
    """Return the settings by step of a file, which are checked."""
    import yaml

    from sse_assets.assets.settings_by_step import check_early

    try:
        content = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise click.ClickException(f"{file} is not YAML: {error}") from error
    if not isinstance(content, dict) or set(content) != {"ops"} or not isinstance(content["ops"], dict):
        raise click.ClickException(f"{file} should hold one entry, `ops`, with settings by step below it")
    with _one_sentence(SettingsOfStepError, begin=f"{file}: "):
        check_early(content["ops"], dataset)
    return content["ops"]


def _prepare_dagster_home(settings: Settings) -> None:
    """Point Dagster at its folder below SSE_HOME, with the dagster.yaml of sse_assets in it.

    A DAGSTER_HOME with a dagster.yaml of its own, as in a container, stays as it is. Processes that run in
    other folders get absolute paths.
    """
    for folder in (settings.inbox, settings.candidates):
        folder.mkdir(parents=True, exist_ok=True)
    if not settings.given_dagster_home:
        create_dagster_home(settings.dagster_home)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["SSE_HOME"] = str(settings.home)
    os.environ["SSE_BLOB_ROOT"] = str(settings.blob_root)
    if settings.data_mirror:
        os.environ["SSE_DATA_MIRROR"] = str(settings.data_mirror)


def _score_table(scores: pd.DataFrame) -> str:
    """Return the test MAE by protocol, with the two label conventions side by side."""
    mae = scores[(scores["metric"] == "mae") & (scores["role"] == "test")]
    table = mae.assign(
        model=mae["model"] + " / " + mae["variant"],
        labels=[LabelConvention(name).words for name in mae["label_convention"]],
    ).pivot_table(index="model", columns=["protocol", "labels"], values="value", sort=False)
    title = "Test MAE in log10(S/cm), by protocol and by what a row below the detection limit counts as:"
    return f"{title}\n{table.round(3).to_string()}"


def program() -> None:
    """Run a command, and end the process as soon as all is closed and said.

    DuckDB's bindings would write a page of warnings while Python takes a run's modules apart.
    """
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    atexit._run_exitfuncs()
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    program()
