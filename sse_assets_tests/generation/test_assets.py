"""Steps behind group `generated`: compositions as partitions, and the search of some of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from ase.io import read

from sse_assets.assets import generated
from sse_assets.assets.generated import (
    EARLIER_RUN,
    SHIPPED_RECORD,
    THIS_RUN,
    compositions_partitions,
    generated_assets,
)
from sse_assets.assets.search_settings import SmokeSearchSettingsOfStep
from sse_assets.generation import composition_search
from sse_assets.generation import structures as searches
from sse_assets.generation.journal import Journal
from sse_assets.generation.settings import SMOKE
from sse_assets.orchestration.dagster_internals import PARTITION_RANGE_END_TAG, PARTITION_RANGE_START_TAG
from sse_assets.orchestration.gpu import GPU_POOL
from sse_assets.orchestration.io import TableIOManager
from sse_assets.orchestration.settings import Dataset
from sse_assets.orchestration.step_settings import SettingsOfStepError, check_settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets_tests.curation.rows import formula_only, measurement, structure
from sse_assets_tests.environment import settings_with


def labelled(row: dict[str, Any], composition_key: str) -> dict[str, Any]:
    return row | {
        "electrolyte_id": f"{row['source']}:{row['source_id']}",
        "reduced_formula": row["formula"],
        "composition_key": composition_key,
        "sigma_s_cm": 1e-4,
        "censored": False,
        "log10_sigma": -4.0,
        "conductivity_class": "high",
        "repeats": None,
    }


LI3N = labelled(formula_only(source="sample", formula="Li3N"), "Li0.750 N0.250")
LI2O = labelled(formula_only(source="sample", formula="Li2O", source_id="2"), "Li0.667 O0.333")
GLASS = labelled(
    formula_only(source="sample", formula="Li4SiO4", source_id="3", reported_family="glass"), "x"
)
WITH_CELL = labelled(measurement(source="sample"), "y")
OWN = labelled(formula_only(formula="LiI", source="inbox", source_id="own"), "w")
WITH_CIF = labelled(formula_only(formula="LiF", source="sample", source_id="abc"), "z")

STORED = [
    dg.AssetSpec(["curated", "measurements"]),
    dg.AssetSpec(["raw", "sample_structures"]),
    dg.AssetSpec(["raw", "inbox_structures"]),
]
"""Inputs of the first step."""


class Steps:
    """Both steps on storage of their own."""

    def __init__(self, home: Path) -> None:
        home.mkdir(exist_ok=True)
        self.settings = settings_with(SSE_HOME=home, SSE_EXECUTOR="in_process")
        self.store = TableStore(self.settings.blob_root)
        self.instance = dg.DagsterInstance.local_temp(str(home))
        self.resources = {"io_manager": TableIOManager(self.settings), "settings": self.settings}
        self.list_compositions, self.search_structure = generated_assets(Dataset.SAMPLE)

    def find_compositions(
        self, *measurements: dict[str, Any], structures: list[dict[str, Any]] | None = None
    ) -> list[str]:
        """Return the partitions after `generated.compositions` is made from these rows."""
        own = structure(origin="sample", structure_id="sample:abc")
        crystals = pd.DataFrame([own, *(structures or [])])
        stored = (pd.DataFrame(measurements), crystals, crystals.head(0))
        for asset, frame in zip(STORED, stored, strict=True):
            self.store.write(TableKey(*asset.key.path), frame)
        dg.materialize([*STORED, self.list_compositions], instance=self.instance, resources=self.resources)
        return self.partitions()

    def partitions(self) -> list[str]:
        assert compositions_partitions.name is not None
        return list(self.instance.get_dynamic_partitions(compositions_partitions.name))

    def search(self, *formulas: str, **config: Any) -> dg.ExecuteInProcessResult:
        tags = {PARTITION_RANGE_START_TAG: formulas[0], PARTITION_RANGE_END_TAG: formulas[-1]}
        return dg.materialize(
            [*STORED, self.list_compositions, self.search_structure],
            selection=[self.search_structure],
            partition_key=formulas[0] if len(formulas) == 1 else None,
            tags=tags if len(formulas) > 1 else None,
            instance=self.instance,
            resources=self.resources,
            run_config={"ops": {"search_structure": {"config": config}}},
            raise_on_error=False,
        )

    def table(self, name: str, formula: str | None = None) -> pd.DataFrame:
        return self.store.read(TableKey("generated", name, formula))

    def version(self, name: str) -> str:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(["generated", name]))
        assert event is not None
        assert event.asset_materialization is not None
        return str((event.asset_materialization.tags or {})["dagster/data_version"])


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """Li3N, searched and validated with CHGNet at the sample's settings."""
    steps = Steps(tmp_path_factory.mktemp("searched"))
    steps.find_compositions(LI3N)
    assert steps.search("Li3N").success
    return steps


def no_search(*_: object, **__: object) -> None:
    raise RuntimeError("a search was begun")


def reason(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    error = failure.step_failure_data.error
    return str((error.cause or error).message).strip()


def test_what_lacks_a_structure_becomes_a_partition_or_is_refused(steps: Steps) -> None:
    assert steps.find_compositions(LI3N, GLASS, WITH_CELL, WITH_CIF) == ["Li3N"]
    assert steps.table("compositions")["electrolyte_id"].tolist() == ["sample:1"]
    assert steps.table("refused_compositions")["reason"].tolist() == ["a glass: no crystal describes it"]


def test_the_samples_search_is_not_offered_for_a_persons_own_row(steps: Steps) -> None:
    assert steps.find_compositions(LI3N, OWN) == ["Li3N"]


def test_a_reference_with_a_formula_that_is_none_stops_nothing(steps: Steps) -> None:
    odd = structure(origin="oqmd", structure_id="oqmd:1", source_id=None, formula="?")
    assert steps.find_compositions(LI3N, structures=[odd]) == ["Li3N"]


def test_partitions_follow_the_measurements(steps: Steps) -> None:
    assert steps.find_compositions(LI3N) == ["Li3N"]
    assert sorted(steps.find_compositions(LI3N, LI2O)) == ["Li2O", "Li3N"]
    reference = structure(origin="oqmd", structure_id="oqmd:1", source_id=None, formula="Li6N2")
    assert steps.find_compositions(LI3N, LI2O, structures=[reference]) == ["Li2O"]


def test_a_partition_holds_letters_and_digits_alone(steps: Steps) -> None:
    odd = labelled(formula_only(source="sample", formula="(Li2 S)0.5 'Li I'0.25*H2O"), "odd")
    (name,) = steps.find_compositions(odd)
    assert name.isascii()
    assert name.isalnum()


def test_a_structure_is_searched_validated_and_kept_with_all_that_led_to_it(searched: Steps) -> None:
    (row,) = searched.table("structures", "Li3N").to_dict("records")
    assert (row["formula"], row["measured_formula"], row["record"]) == ("Li3N", "Li3N", THIS_RUN)
    assert row["cell_atoms"] == 4
    assert len(searched.table("search_history", "Li3N")) == row["candidates"] == 6
    assert set(searched.table("dynamics", "Li3N")["conditions"]) == {"search", "ambient"}
    assert searched.table("validation", "Li3N")["mean_temperature_k"].notna().all()

    kept = Path(str(searched.settings.blob_root / row["record_path"]))
    assert (kept / "Li3N.cif").read_text() == row["cif"]
    assert (kept / "journals" / "z1-r0.jsonl").is_file()
    frames = read(kept / "dynamics" / "ambient" / "trajectory.extxyz", index=":")
    assert [len(frame) for frame in frames] == [4, 4]
    assert not list((searched.settings.home / "working").rglob("*.jsonl"))


def test_a_search_begins_in_a_known_structure_type(steps: Steps) -> None:
    steps.find_compositions(LI2O)
    assert steps.search("Li2O").success
    history = steps.table("search_history", "Li2O")
    assert history.loc[history["generation"] == 0, "operator"].tolist() == ["prototype", "seed", "seed"]
    started = history.iloc[0]
    assert started["enthalpy_ev_per_atom"] == history["enthalpy_ev_per_atom"].min()
    assert started["space_group"] == "Fm-3m"  # antifluorite, from the type of fluorite


def test_a_cheap_prototype_is_relaxed_and_nothing_evolves(steps: Steps) -> None:
    steps.find_compositions(LI2O)
    assert steps.search("Li2O", evolve_above_cost=1.0).success
    assert steps.table("search_history", "Li2O")["operator"].tolist() == ["prototype"]
    (row,) = steps.table("structures", "Li2O").to_dict("records")
    assert (row["cell_composition"], row["space_group"]) == ("Li2O", "Fm-3m")
    assert row["parent_id"] == "sample:abc"
    assert row["cost_per_anion"] < 1.0


def test_a_search_without_prototypes_is_that_of_the_paper(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.find_compositions(LI2O)
    monkeypatch.setattr(generated, "library_for_searches", no_search)
    assert steps.search("Li2O", prototypes=0).success
    history = steps.table("search_history", "Li2O")
    assert set(history.loc[history["generation"] == 0, "operator"]) == {"seed"}


def test_a_search_can_be_followed(searched: Steps) -> None:
    key = dg.AssetKey(["generated", "structures"])
    event = searched.instance.fetch_observations(key, limit=1).records[0]
    observation = event.asset_observation
    assert observation is not None
    assert observation.partition == "Li3N"
    assert "candidates/min" in observation.metadata["progress"].value
    assert "data:image/png" in observation.metadata["plot_enthalpy"].value


def test_a_finished_search_is_read_and_not_repeated(searched: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    before = searched.version("structures")
    candidates = searched.table("search_history", "Li3N")
    monkeypatch.setattr(generated, "_searched", no_search)
    assert searched.search("Li3N").success
    assert searched.table("structures", "Li3N")["record"].tolist() == [EARLIER_RUN]
    assert searched.version("structures") == before  # nothing downstream is stale
    pd.testing.assert_frame_equal(searched.table("search_history", "Li3N"), candidates)
    assert "a search was begun" in reason(searched.search("Li3N", search_again=True))
    assert "a search was begun" in reason(searched.search("Li3N", seed=1))


def test_a_shipped_record_is_taken_unless_something_else_is_asked_for(
    searched: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(
        str(searched.settings.blob_root / searched.table("structures", "Li3N")["record_path"].item())
    )
    elsewhere = Steps(tmp_path / "elsewhere")
    elsewhere.find_compositions(LI3N)
    monkeypatch.setattr(generated, "SHIPPED", shipped)
    monkeypatch.setattr(generated, "_searched", no_search)
    assert elsewhere.search("Li3N").success
    (row,) = elsewhere.table("structures", "Li3N").to_dict("records")
    assert row["record"] == SHIPPED_RECORD
    assert row["cif"] == searched.table("structures", "Li3N")["cif"].item()
    assert "a search was begun" in reason(elsewhere.search("Li3N", population=5))


def test_a_search_that_was_stopped_goes_on_from_its_last_candidate(
    searched: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Steps(tmp_path / "stopped")
    stopped.find_compositions(LI3N)
    add, evaluated = Journal.add, []

    def add_two(journal: Journal, candidate: Any) -> None:
        if len(evaluated) == 2:
            raise RuntimeError("the machine was switched off")
        evaluated.append(candidate)
        add(journal, candidate)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", add_two)
        assert "switched off" in reason(stopped.search("Li3N"))
    begun = list((stopped.settings.home / "working").rglob("*.jsonl"))
    assert len(begun[0].read_text().splitlines()) == 1 + 2

    assert stopped.search("Li3N").success
    unimportant = ["seconds", "record"]
    pd.testing.assert_frame_equal(
        stopped.table("structures", "Li3N").drop(columns=unimportant),
        searched.table("structures", "Li3N").drop(columns=unimportant),
    )


def test_a_composition_for_which_nothing_is_found_is_a_row_with_its_reason(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.find_compositions(LI3N)

    def find_nothing(
        folders: dict[str, Path], *_: object, **__: object
    ) -> Iterator[tuple[str, searches.Found]]:
        for formula, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            yield formula, searches.Found(formula, [])

    monkeypatch.setattr(composition_search, "find_structures", find_nothing)
    monkeypatch.setattr(searches.Found, "failure", "Li3N: nothing survived")
    assert steps.search("Li3N").success
    (row,) = steps.table("structures", "Li3N").to_dict("records")
    assert (row["valid"], row["failure"]) == (False, "Li3N: nothing survived")
    assert pd.isna(row["cif"])
    assert steps.table("dynamics", "Li3N").empty


def test_one_step_searches_many_compositions(searched: Steps, tmp_path: Path) -> None:
    steps = Steps(tmp_path)
    assert steps.find_compositions(LI2O, LI3N) == ["Li2O", "Li3N"]
    assert steps.search("Li2O", "Li3N", processes=2).success
    unimportant = ["seconds", "record"]
    pd.testing.assert_frame_equal(  # to the bit, whatever was searched beside it
        steps.table("structures", "Li3N").drop(columns=unimportant),
        searched.table("structures", "Li3N").drop(columns=unimportant),
    )
    for name in ("structures", "search_history", "dynamics", "validation"):
        assert steps.table(name, "Li2O")["formula"].unique().tolist() == ["Li2O"]
    assert steps.table("validation", "Li2O")["conditions"].tolist() == ["search", "ambient"]
    again = steps.search("Li2O", "Li3N")
    assert again.success
    assert set(steps.table("structures")["record"]) == {EARLIER_RUN}


def test_a_composition_that_stops_costs_no_other_its_record(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.find_compositions(LI2O, LI3N)
    begin = searches.planned_searches

    def not_of_oxygen(formula: str, *arguments: Any) -> list[searches.PlannedSearch]:
        if "O" in formula:
            raise RuntimeError("the disk is full: make room and run again")
        return begin(formula, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(searches, "planned_searches", not_of_oxygen)
        said = reason(steps.search("Li2O", "Li3N"))
    assert "1 of 2 compositions stopped: Li2O: the disk is full" in said
    assert steps.search("Li3N").success
    assert steps.table("structures", "Li3N")["record"].tolist() == [EARLIER_RUN]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            {"profile": "vasp"},
            "profile is 'vasp': input should be 'static', 'default', 'paper' or 'smoke'",
        ),
        ({"fresh_share": 0.1, "heredity_share": 0.5}, "the share of fresh cells is 0.1: at least 0.15"),
        ({"search_ps": 0.0}, "search_ps and ambient_ps must be more than 0"),
        ({"processes": 0}, "processes is 0: it must be at least 1"),
    ],
)
def test_what_cannot_work_stops_before_any_search(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsOfStepError) as error:
        check_settings("search_structure", SmokeSearchSettingsOfStep, config)
    assert sentence in str(error.value)


def test_a_long_search_is_not_started_by_materialize(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_assets.generation.search_compositions", no_search)
    plan, planned = searches.planned_searches, []

    def noted(formula: str, *arguments: Any) -> list[searches.PlannedSearch]:
        planned.append(formula)
        return plan(formula, *arguments)

    monkeypatch.setattr(searches, "planned_searches", noted)
    steps.find_compositions(LI2O, LI3N)
    definitions = dg.Definitions(
        [*STORED, steps.list_compositions, steps.search_structure], resources=steps.resources
    )
    result = definitions.resolve_job_def("__ASSET_JOB").execute_in_process(
        asset_selection=[*steps.search_structure.keys],
        tags={PARTITION_RANGE_START_TAG: "Li2O", PARTITION_RANGE_END_TAG: "Li3N"},
        instance=steps.instance,
        run_config={"ops": {"search_structure": {"config": {"population": 2000, "max_generations": 50}}}},
        raise_on_error=False,
    )
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    said = str(failure.step_failure_data.error)
    assert "the search for Li2O, Li3N takes more than 6 core minutes" in said
    assert "start the job search_structures" in said
    assert planned == ["Li2O"]  # the answer does not wait for the cells of the others


def test_the_samples_settings_are_the_smoke_settings_and_the_step_asks_for_a_gpu() -> None:
    smoke = SmokeSearchSettingsOfStep.model_validate({}).search_settings()
    assert smoke == SMOKE
    (_, search_structure) = generated_assets(Dataset.OBELIX)
    assert search_structure.op.pool == GPU_POOL
    assert search_structure.op.tags["dagster-k8s/config"]
