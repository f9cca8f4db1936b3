"""Settings are refused when a run is launched, by the launchpad and by the command line alike."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from sse_assets.assets.settings_by_step import check_early, settings_by_step
from sse_assets.definitions import build_definitions
from sse_assets.orchestration.launchpad import StepConfig, config_type_of
from sse_assets.orchestration.settings import Dataset
from sse_assets.orchestration.step_settings import SettingsOfStepError, spelt
from sse_assets_tests.environment import settings_with


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    home = tmp_path_factory.mktemp("home")
    return build_definitions(settings_with(SSE_HOME=home, SSE_DATASET="obelix", SSE_EXECUTOR="in_process"))


REFUSED = [
    (
        "__ASSET_JOB",
        "splits__assignments",
        {"test_share": 3.5},
        "test_share is 3.5: it must be above 0 and below 1",
    ),
    (
        "__ASSET_JOB",
        "describe_crystals",
        {"probe_radius_a": -1.0},
        "probe_radius_a is -1.0: it must be at least 0",
    ),
    (
        "__ASSET_JOB",
        "rank_candidates",
        {"least_band_gap_ev": -0.5},
        "least_band_gap_ev is -0.5: it must be at least 0",
    ),
    (
        "__ASSET_JOB",
        "rank_candidates",
        {"n_shortlist": 0},
        "n_shortlist is 0: input should be greater than or equal to 1",
    ),
    (
        "train_boosted_trees",
        "models__boosted_trees_settings",
        {"subsample": 2.0},
        "subsample is 2.0: it must be above 0 and at most 1",
    ),
    (
        "train_boosted_trees",
        "models__boosted_trees_settings",
        {"tuning_steps": 1},
        "tuning_steps is 1: it must be 0, or at least 2",
    ),
    (
        "search_structures",
        "search_structure",
        {"fresh_share": 0.1, "heredity_share": 0.5},
        "the share of fresh cells is 0.1: at least 0.15",
    ),
    ("search_structures", "search_structure", {"population": 0}, "population is 0: it must be at least 1"),
    (
        "fine_tune_language_models",
        "fine_tune_language_model",
        {"dropout": 2.0},
        "dropout is 2.0: it must be at least 0 and below 1",
    ),
    (
        "train_small_language_model",
        "fit_small_language_model",
        {"number_modes": ["mean"]},
        "number_modes is 'mean', and not one of: distribution, sample, regression",
    ),
]


@pytest.mark.parametrize(("job", "step", "config", "reason"), REFUSED)
def test_a_setting_outside_its_range_never_becomes_a_run(
    pipeline: dg.Definitions, job: str, step: str, config: dict[str, object], reason: str
) -> None:
    definition = pipeline.resolve_job_def(job)
    run_config = {"ops": {step: {"config": config}}}
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(SettingsOfStepError) as error:
            definition.execute_in_process(run_config=run_config, instance=instance)
        assert str(error.value).startswith(f"settings of {spelt(step)}: ")
        assert reason in str(error.value)
        assert instance.get_runs_count() == 0


@pytest.mark.parametrize(
    ("job", "step", "config"),
    [
        ("search_structures", "search_structure", {"profile": "vasp"}),
        ("fine_tune_language_models", "fine_tune_language_model", {"quantisation": "3-bit"}),
    ],
)
def test_a_choice_is_part_of_the_schema_that_the_launchpad_reads(
    pipeline: dg.Definitions, job: str, step: str, config: dict[str, str]
) -> None:
    ((name, value),) = config.items()
    with pytest.raises(dg.DagsterInvalidConfigError, match=f"{name} not in enum type .* got {value}"):
        dg.validate_run_config(pipeline.resolve_job_def(job), {"ops": {step: {"config": config}}})


def test_every_setting_of_every_step_is_checked_and_the_defaults_pass(pipeline: dg.Definitions) -> None:
    types = [config_type_of(definition) for definition in pipeline.assets or [] if definition.op]
    types = [config_type for config_type in types if config_type]
    assert len(types) >= 8  # a step that is new has settings of its own
    for config_type in types:
        assert issubclass(config_type, StepConfig)
        assert config_type.check is not StepConfig.check
        config_type()


@pytest.mark.parametrize("dataset", list(Dataset))
def test_every_step_is_checked_early_by_the_same_class(tmp_path: Path, dataset: Dataset) -> None:
    definitions = build_definitions(
        settings_with(SSE_HOME=tmp_path, SSE_DATASET=dataset, SSE_EXECUTOR="in_process")
    )
    checked = {
        definition.op.name: config_type
        for definition in definitions.assets or []
        if definition.op and (config_type := config_type_of(definition))
    }
    early = settings_by_step(dataset)
    assert checked.keys() == early.keys()
    for step, config_type in checked.items():
        assert issubclass(config_type, early[step])


def test_an_early_check_imports_neither_dagster_nor_pymatgen() -> None:
    """Each takes a second or more, and a wrong setting is answered within one."""
    script = (
        "import sys; import sse_assets.assets.settings_by_step; "
        "print(*{'dagster', 'pymatgen', 'torch', 'xgboost'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""


@pytest.mark.parametrize(
    ("step", "config", "reason"),
    [refused[1:] for refused in REFUSED],
)
def test_an_early_check_says_what_the_launchpad_says(
    step: str, config: dict[str, object], reason: str
) -> None:
    for name in (step, spelt(step)):
        with pytest.raises(SettingsOfStepError) as error:
            check_early({name: {"config": config}}, Dataset.OBELIX)
        assert str(error.value) == f"settings of {spelt(step)}: {reason}"


def test_the_launchpad_shows_the_range(pipeline: dg.Definitions) -> None:
    (assignments,) = (d for d in pipeline.assets or [] if d.op.name == "splits__assignments")
    shown = config_type_of(assignments).model_fields["test_share"].description
    assert shown == "Share of rows that `diversity` tests on. Allowed: above 0 and below 1."
