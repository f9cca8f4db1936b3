"""Commands that ask the stored models: `predict` and `structure`."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sse_assets.orchestration.settings import Settings, SettingsError

if TYPE_CHECKING:  # a command imports what it needs
    from sse_assets.screening.answer import Answer

LOOPBACK = "127.0.0.1"
_SOME_REFUSED, _NOTHING_USABLE = 1, 2
"""Exit codes; 0 says that every material was answered."""
_LONG = 250
"""Number of materials above which a person wants to see how far it has come."""


class _NothingUsable(click.ClickException):
    """An error after which there is no answer at all."""

    exit_code = _NOTHING_USABLE


@click.command()
@click.argument("materials", nargs=-1)
@click.option("--formula", help="Formula, such as Li6PS5Cl; with --cif the formula of that crystal.")
@click.option("--cif", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A CIF file.")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    help="Candidates: .csv, .parquet or .jsonl with a column `formula`, `structure` (a CIF or its path) or "
    "both; - reads CSV from the standard input.",
)
@click.option(
    "--output",
    "target",
    metavar="FILE",
    help="Answers as .csv, .parquet or .jsonl; - writes CSV to the screen.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
@click.option("--anyway", is_flag=True, help="Answer for compounds that no model has learned to judge.")
@click.option("--model", help="Name of the model, as in metrics.scores; by default the one that errs least.")
@click.option(
    "--variant",
    help="Feature set or prompt case; by default the one with most descriptors that the input has.",
)
@click.option(
    "--no-prototypes",
    is_flag=True,
    help="Impute the cells of new formulas, which halves the time of tens of thousands of them.",
)
def predict(
    materials: tuple[str, ...],
    formula: str | None,
    cif: Path | None,
    source: str | None,
    target: str | None,
    as_json: bool,
    anyway: bool,
    model: str | None,
    variant: str | None,
    no_prototypes: bool,
) -> None:
    """Predict the room-temperature Li-ion conductivity of MATERIALS: formulas, CIFs, or folders of CIFs.

    The exit code is 0 if every material was answered, 1 if some were refused, and 2 if none was answered.
    """
    from threadpoolctl import threadpool_limits

    from sse_assets.screening.answer import Answers
    from sse_assets.screening.candidates import suffix_of, write_answers
    from sse_assets.screening.errors import PredictionError
    from sse_assets.screening.home import Home
    from sse_assets.screening.predictor import Predictor

    # Some hundred training rows gain nothing from threads, which wait for one another on a busy machine.
    threadpool_limits(1, user_api="blas")
    try:
        if target is not None:
            suffix_of(target)  # before the work is done
        asked = list(_materials(materials, formula, cif, source))
        home = Home(_settings().blob_root)
        predictor = Predictor(home, model=model, variant=variant, prototypes=not no_prototypes)
        answers = Answers(_shown(predictor.answers(asked, anyway=anyway), len(asked)))
        if not len(answers):
            raise PredictionError(
                "there is nothing to predict for: name a formula, a CIF, a folder or an --input"
            )
        if target is not None:
            write_answers(answers, target, sys.stdout.buffer)
    except PredictionError as error:
        raise _NothingUsable(str(error)) from error
    if target is not None:
        answered = len(answers) - answers.n_refused
        click.echo(f"{answered} of {len(answers)} materials were answered; see {target}", err=True)
    elif as_json:
        for answer in answers:
            click.echo(json.dumps(answer.to_dict(), ensure_ascii=False))
    else:
        from rich.console import Console

        from sse_assets.screening.terminal import print_answers

        print_answers(answers, Console(highlight=False))
    if answers.n_refused:
        sys.exit(_NOTHING_USABLE if answers.n_refused == len(answers) else _SOME_REFUSED)


def _shown(answers: Iterator["Answer"], n_materials: int) -> Iterable["Answer"]:
    """Show in a terminal how far a long list of answers has come."""
    if n_materials <= _LONG or not sys.stderr.isatty():
        return answers
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(answers, "materials answered", total=n_materials, console=console, transient=True)


def _materials(named: tuple[str, ...], formula: str | None, cif: Path | None, source: str | None) -> Iterator:
    """Give every material that the command line names, in its order.

    Raises:
        PredictionError: if a file of candidates cannot be read.
    """
    from sse_assets.screening.candidates import STANDARD_STREAM, read_candidates
    from sse_assets.screening.errors import PredictionError
    from sse_assets.screening.material import Material, materials_of

    yield from materials_of(named)
    if formula is not None or cif is not None:
        yield Material(formula=formula, file=cif)
    if source == STANDARD_STREAM:
        yield from read_candidates(sys.stdin.buffer.read(), source, Path())
    elif source is not None:
        try:
            content = Path(source).read_bytes()
        except OSError as error:
            raise PredictionError(f"{source} cannot be read ({error.strerror}): name another file") from error
        yield from read_candidates(content, source, Path(source).parent)


@click.command()
@click.argument("formula")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="CIF file to write.")
def structure(formula: str, output: Path | None) -> None:
    """Say which structure is known for FORMULA, where it comes from and how far to trust it."""
    from sse_assets.materials.formula import FormulaError
    from sse_assets.screening.home import Home
    from sse_assets.screening.known_structures import known_structures

    try:
        found = known_structures(Home(_settings().blob_root).table, formula)
    except FormulaError as error:
        raise _NothingUsable(str(error)) from error
    if not found:
        raise _NothingUsable(
            f"no structure of {formula} is stored, and no known structure type is to be trusted: a CIF of "
            "your own can be given to `predict`"
        )
    for number, one in enumerate(found):
        click.echo(f"{'used' if number == 0 else 'also known'}: {one.sentence}")
    if output is not None:
        output.write_text(found[0].cif)
        click.echo(f"{output} holds the first")


@click.command()
@click.option("--port", default=3030, show_default=True, help="Port on this computer.")
@click.option(
    "--host",
    default=LOOPBACK,
    show_default=True,
    help="Address to listen at. Any other lets everybody who reaches it ask: there is no password.",
)
def serve(port: int, host: str) -> None:
    """Answer over HTTP, and on a page with one field, on this computer only."""
    import uvicorn

    from sse_assets.screening.home import Home
    from sse_assets.screening.predictor import Predictor
    from sse_assets.screening.server import application

    predictor = Predictor(Home(_settings().blob_root))
    click.echo(f"Ask at http://{host}:{port} (Ctrl-C ends it)")
    hosts = ["localhost", LOOPBACK, host] if host == LOOPBACK else ["*"]
    uvicorn.run(application(predictor, hosts), host=host, port=port, log_level="warning")


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        raise _NothingUsable(str(error)) from error
