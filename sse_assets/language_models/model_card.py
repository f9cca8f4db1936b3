"""The model card: origin, licence, data and errors of an adapter, for somebody who finds it."""

from collections.abc import Mapping
from pathlib import Path

from sse_assets.language_models.adapters import FineTuningRun
from sse_assets.tables.names import Task

CARD_FILE = "README.md"


def write_model_card(
    folder: Path,
    run: FineTuningRun,
    *,
    split_and_leakage: str,
    n_valid: int | None,
    n_total: int | None,
    test_metrics: Mapping[str, float],
) -> None:
    """Write the model card into an adapter's folder, in the form that the hub reads.

    Args:
        split_and_leakage: choice of the test rows, and the part of them that the model may have seen.
        n_valid: test prompts whose first answer, drawn at random, is a number; None if none was drawn.
        n_total: test prompts.
        test_metrics: errors by name, such as `mae`, in log10(σ / (S/cm)).
    """
    data, settings, lora = run.data, run.settings, run.settings.lora
    kind = "A model with all its weights trained" if lora is None else "A LoRA adapter"
    writes = "writes" if run.task is Task.TEXT else "gives by a linear output"
    trained = (
        "All weights were trained"
        if lora is None
        else f"Rank {lora.rank}, alpha {lora.alpha:g}, dropout {lora.dropout:g}"
    )
    inferred = (
        f"\nThe space group or the disorder class of {data.n_from_prototype} of them is that of a prototype."
        if data.n_from_prototype
        else ""
    )
    loss = "The loss counts the answer alone" if run.task is Task.TEXT else "The loss is the squared error"
    name = f"{run.base.name}, {data.case.replace('_', ' ')}: log10 of Li-ion conductivity from text"
    validity = "not drawn" if n_total is None else f"{n_valid} of {n_total}"
    scores = "\n".join(f"- {metric}: {value:.3f}" for metric, value in test_metrics.items())
    (folder / CARD_FILE).write_text(
        f"""---
base_model: {run.base.hub_id}
library_name: {"transformers" if lora is None else "peft"}
license: other
license_name: {run.base.licence}
---
# {name}

{kind}. It reads a formula and, by prompt case, the space group and the disorder class of a solid
electrolyte, and {writes} log10(σ / (S/cm)) at room temperature.

## Base model
{run.base.hub_id}, revision {run.base.revision or "local"}; licence: {run.base.licence}.
What was trained may be used only as that licence allows.

## Data
{data.n_examples} measured electrolytes, data version {data.data_version}.{inferred}
A measurement below a detection limit enters by the convention `{data.label_convention}`.

## Split and its leakage
Protocol `{data.protocol}`, fold {data.fold}. {split_and_leakage}

## Test set
- answers that are a number: {validity}
{scores}

## Training
{run.placement.why}.
{trained}; learning rate {settings.learning_rate:g},
{settings.epochs} epochs in batches of {settings.batch_size} × {settings.accumulation}, seed {settings.seed}.
{loss}. {run.seconds:.0f} s, {run.tokens_per_second:.0f} tokens a second, at most
{run.peak_memory_gb:.1f} GB. All settings and every loss are in run.json.
""",
        encoding="utf-8",
    )
