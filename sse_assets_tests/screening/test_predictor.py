"""One predictor for all doors: which model answers, with which evidence, and what becomes of bad rows."""

import json
from pathlib import Path

import pandas as pd
import pytest

from sse_assets.screening import Predictor
from sse_assets.screening.answer import FlagCode
from sse_assets.screening.errors import PredictionError
from sse_assets.tables.names import Reason
from sse_assets.tables.screening import ANSWERS
from sse_assets_tests.screening.stored import ERROR_ON_HALIDES, ROCK_SALT


def test_a_measured_material_is_answered_with_its_measurements_first(home: Path) -> None:
    (answer,) = Predictor.load(home).predict("LiCl")
    assert answer.prediction is not None
    assert [one.electrolyte_id for one in answer.measured] == ["x:LiCl", "other:LiCl"]
    assert [one.trained for one in answer.measured] == [True, False]
    lines = list(answer.lines())
    assert lines[1] == "measured, and was in training: LiCl (Fm-3m): 1.0e-05 S/cm, 10.1/x"
    assert lines[2] == "measured: LiCl: < 1.0e-08 S/cm, 10.2/other"
    assert len(answer.nearest) == 5


def test_the_model_is_named_with_its_honest_errors(home: Path) -> None:
    (answer,) = Predictor.load(home).predict("Li2O")
    model = answer.model
    assert model is not None
    assert (model.model, model.data_version, model.n_train) == ("gaussian_process", "version", 10)
    assert model.errors["grouped"].mae == 1.5
    assert model.family_errors["Other (Oxide)"].mae == pytest.approx(1.0)
    assert "erred by 1.50 in log10 σ on average, a factor of 32 (10 measurements)" in str(
        model.error_sentence
    )


def test_a_family_that_is_badly_predicted_is_named(home: Path) -> None:
    halide, oxide = Predictor.load(home).predict(["LiCl", "Li2O"])
    (remark,) = [remark for remark in halide.remarks if "badly predicted" in remark]
    assert "the family Other (Halide)" in remark
    assert f"was {ERROR_ON_HALIDES:.2f} in log10 σ where it is 1.50" in remark
    assert not [remark for remark in oxide.remarks if "badly predicted" in remark]


def test_bad_materials_stand_beside_the_good(home: Path, tmp_path: Path) -> None:
    (tmp_path / "good.cif").write_text(ROCK_SALT)
    (tmp_path / "bad.cif").write_text("no crystal")
    answers = Predictor.load(home).predict(["NaCl", tmp_path, "LiI", "<script>", "=1+1"])
    assert [answer.asked for answer in answers] == [
        "NaCl",
        "bad.cif",
        "good.cif",
        "LiI",
        "<script>",
        "'=1+1",
    ]
    assert [answer.prediction is not None for answer in answers] == [False, False, True, True, False, False]
    assert answers.n_refused == 4
    assert answers[0].reason_code is Reason.NO_LITHIUM
    assert "not answered: NaCl holds no Li" in "".join(answers[0].lines())
    frame = answers.to_frame()
    ANSWERS.check(frame)
    assert frame["refused"].notna().tolist() == [True, True, False, False, True, True]
    assert list(frame["log10_sigma"].notna()) == [False, False, True, True, False, False]
    html = answers._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert len(answers[:2]) == 2


def test_what_is_refused_is_answered_anyway_with_a_flag(home: Path) -> None:
    (answer,) = Predictor.load(home).predict("NaCl", anyway=True)
    assert answer.prediction is not None
    assert answer.prediction.flags[0].code is FlagCode.NO_LITHIUM
    assert answer.prediction.outside_domain
    assert answer.remarks[0] == "answered all the same: NaCl holds no Li"


def test_parts_of_a_stream_answer_as_the_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["LiCl", "NaCl", "LiI", "Li3PS4", "Li2O"]
    whole = Predictor.load(home).predict(asked).to_frame()
    monkeypatch.setattr("sse_assets.screening.predictor._AT_A_TIME", 2)
    parts = Predictor.load(home).predict(asked).to_frame()
    pd.testing.assert_frame_equal(parts, whole, rtol=0, atol=1e-9)


def test_a_row_that_breaks_a_model_costs_itself_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sse_assets.screening import prediction

    real = prediction._Process.predict

    def brittle(self, materials):  # type: ignore[no-untyped-def]
        if any(one.formula == "LiI" for one in materials):
            raise ZeroDivisionError("by nothing")
        return real(self, materials)

    monkeypatch.setattr(prediction._Process, "predict", brittle)
    good, bad, other = Predictor.load(home).predict(["LiCl", "LiI", "LiBr"])
    assert good.prediction is not None
    assert other.prediction is not None
    assert bad.refused == "no answer could be computed (ZeroDivisionError: by nothing)"
    assert bad.reason_code is Reason.FAILED
    assert bad.nearest[0].formula == "LiI"


def test_another_model_answers_where_it_is_named(home: Path) -> None:
    formula, cif = Predictor.load(home, model="boosted_trees").predict(
        ["LiCl", _structure_file(home.parent / "licl.cif")]
    )
    assert formula.model is not None
    assert cif.model is not None
    assert (formula.model.variant, cif.model.variant) == ("stoichiometric", "all")
    (refused,) = Predictor.load(home, model="boosted_trees", variant="all").predict(["LiCl"])
    assert refused.reason_code is Reason.NOT_KNOWN
    with pytest.raises(PredictionError, match="no stored model llama"):
        Predictor.load(home, model="llama").predict("LiCl")


def test_a_home_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="none yet: run the pipeline first"):
        Predictor.load(tmp_path).predict("LiCl")


def test_an_answer_is_plain_json(home: Path) -> None:
    (answer,) = Predictor.load(home).predict("LiCl")
    found = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    assert found["answered"] is True
    assert found["prediction"]["sigma_ms_cm"] == pytest.approx(1e3 * 10 ** found["prediction"]["log10_sigma"])
    assert found["nearest"][0]["doi"] == "10.1/x"
    assert found["model"]["errors"]["grouped"]["mae"] == 1.5


def _structure_file(path: Path) -> Path:
    path.write_text(ROCK_SALT)
    return path
