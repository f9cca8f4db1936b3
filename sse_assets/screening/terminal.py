"""Answers in a terminal: read at a glance there, plain lines where they are piped."""

from collections.abc import Sequence

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sse_assets.materials.conductivity import ConductivityClass
from sse_assets.screening.answer import Answer, FlagCode

_COLOURS = {
    ConductivityClass.LOW: "red",
    ConductivityClass.MODERATE: "yellow",
    ConductivityClass.HIGH: "green",
    ConductivityClass.SUPERIONIC: "bold green",
}

_DOUBTS = {
    FlagCode.NO_LITHIUM: "no Li",
    FlagCode.UNSEEN_ELEMENT: "an element that no training row holds",
    FlagCode.FAR: "far from all that was measured",
    FlagCode.COMPOSITION_ONLY: "told the composition alone",
}
"""Doubts in the few words that a table has room for."""


def print_answers(answers: Sequence[Answer], console: Console) -> None:
    """Print a panel for one answer and a table for several; plain lines where nobody looks on."""
    if not console.is_terminal:
        for number, answer in enumerate(answers):
            if number:
                console.out()
            for line in answer.lines():
                console.out(line, highlight=False)
    elif len(answers) == 1:
        _print_one(answers[0], console)
    else:
        console.print(_table(answers))


def _print_one(answer: Answer, console: Console) -> None:
    said = answer.prediction
    if said is None:
        console.print(
            Panel(Text(f"not answered: {answer.refused}"), title=Text(answer.asked), border_style="red")
        )
        return
    body = Text()
    body.append(f"σ = {said.sigma_ms_cm:.2g} mS/cm", style="bold")
    body.append(f"    log10(σ / (S/cm)) = {said.log10_sigma:.2f}    ")
    body.append(said.conductivity_class.value, style=_COLOURS[said.conductivity_class])
    for share, interval in (("50", said.interval_50), ("90", said.interval_90)):
        if interval is not None:
            low, high = (1e3 * 10**end for end in interval)
            body.append(
                f"\n{share} % interval {interval[0]:.2f} to {interval[1]:.2f}"
                f"  ({low:.2g} to {high:.2g} mS/cm)"
            )
    if said.probabilities:
        body.append(
            "\n" + "   ".join(f"{name.value} {share:.0%}" for name, share in said.probabilities.items())
        )
    for flag in said.flags:
        doubt = flag.code is not FlagCode.COMPOSITION_ONLY
        body.append(f"\n{'beware' if doubt else 'note'}: {flag.sentence}", style="red" if doubt else "yellow")
    for remark in answer.remarks:
        body.append(f"\nnote: {remark}", style="yellow")
    title = Text(
        answer.asked if answer.formula in (None, answer.asked) else f"{answer.asked} ({answer.formula})"
    )
    console.print(Panel(body, title=title, border_style="red" if said.outside_domain else "green"))
    console.print(_nearest(answer))
    if said.rests_on:
        console.print(Text(f"Rests on {said.rests_on}", style="dim"))
    if answer.model is not None:
        sentences = [f"By {answer.model.sentence}", answer.model.error_sentence]
        console.print(Text("; ".join(filter(None, sentences)), style="dim"))


def _nearest(answer: Answer) -> Table:
    table = Table(title="Measured materials that are most like it", title_justify="left", box=None)
    for name in ("formula", "σ", "space group", "distance", "", "DOI"):
        table.add_column(name)
    for one in answer.nearest:
        known = "the same" + (", in training" if one.trained else "") if one.same_composition else ""
        cells = (one.formula, one.sigma, one.space_group or "", f"{one.distance:.2f}", known, one.doi or "")
        table.add_row(*map(Text, cells), style="bold" if one.same_composition else None)
    return table


def _table(answers: Sequence[Answer]) -> Table:
    table = Table()
    for name in ("material", "log10 σ", "mS/cm", "90 % interval", "class", "nearest measured", "beware"):
        table.add_column(name)
    for answer in answers:
        said = answer.prediction
        if said is None:
            table.add_row(
                Text(answer.asked), "", "", "", "", "", Text(f"not answered: {answer.refused}", "red")
            )
            continue
        interval = "" if said.interval_90 is None else "{:.1f} to {:.1f}".format(*said.interval_90)
        near = answer.nearest[0] if answer.nearest else None
        table.add_row(
            Text(answer.asked),
            f"{said.log10_sigma:.2f}",
            f"{said.sigma_ms_cm:.2g}",
            interval,
            Text(said.conductivity_class.value, _COLOURS[said.conductivity_class]),
            Text(
                "" if near is None else f"{'= ' if near.same_composition else ''}{near.formula} {near.sigma}"
            ),
            Text("; ".join([*(_DOUBTS[flag.code] for flag in said.flags), *answer.remarks])),
        )
    return table
