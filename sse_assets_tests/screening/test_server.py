"""The HTTP door: the same answers, and limits."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sse_assets.screening import Predictor
from sse_assets.screening.server import MAX_BYTES, application
from sse_assets_tests.screening.stored import ROCK_SALT

HOSTS = ["testserver"]


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(application(Predictor.load(home), HOSTS)) as client:
        yield client


def test_the_door_gives_the_answers_of_the_predictor(home: Path, client: TestClient) -> None:
    question = {"materials": ["LiCl", {"cif": ROCK_SALT, "name": "mine"}, "NaCl"]}
    response = client.post("/predict", json=question)
    assert response.status_code == 200
    formula, cif, refused = response.json()["answers"]
    direct = Predictor.load(home).predict("LiCl")[0].prediction
    assert direct is not None
    assert formula["prediction"]["log10_sigma"] == pytest.approx(direct.log10_sigma, abs=1e-9)
    assert (cif["asked"], cif["formula"]) == ("mine", "LiCl")
    assert refused["refused"] == "NaCl holds no Li"
    (anyway,) = client.post("/predict", json={"materials": ["NaCl"], "anyway": True}).json()["answers"]
    assert anyway["prediction"]["flags"][0]["code"] == "no_lithium"


def test_no_text_is_a_path(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "secret.cif").write_text(ROCK_SALT)
    (answer,) = client.post("/predict", json={"materials": [str(tmp_path / "secret.cif")]}).json()["answers"]
    assert "cannot read the formula" in answer["refused"]


def test_status_and_page(client: TestClient) -> None:
    told = client.get("/status").json()["answers_for"]
    assert told["formula"]["model"] == "gaussian_process"
    assert told["cif"]["errors"]["grouped"]["mae"] == 1.5
    assert "drop a CIF here" in client.get("/").text


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "is not JSON"),
        (b"[]", 400, "should be"),
        (b'{"materials": []}', 400, "1 to 1000"),
        (b'{"materials": [1]}', 400, "a material is a formula"),
        (b'{"materials": [{"path": "x"}]}', 400, "a material is a formula"),
        (b'{"materials": [{"cif": 1}]}', 400, "are texts"),
        (b'{"materials": [' + b'"LiCl",' * 1000 + b'"LiCl"]}', 400, "1 to 1000"),
        (b" " * (MAX_BYTES + 1), 413, "divide it"),
    ],
)
def test_what_is_no_question_is_refused(client: TestClient, body: bytes, status: int, words: str) -> None:
    response = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert words in response.json()["error"]


def test_other_sites_and_other_types_are_refused(client: TestClient) -> None:
    assert client.post("/predict", content=b'{"materials": ["LiCl"]}').status_code == 415
    assert client.get("/status", headers={"Host": "evil.example"}).status_code == 400


def test_a_question_has_a_limit_of_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Predictor, "answers", lambda self, materials, anyway: time.sleep(1) or [])
    with TestClient(application(Predictor.load(home), HOSTS, max_seconds=0.1)) as client:
        response = client.post("/predict", json={"materials": ["LiCl"]})
    assert response.status_code == 504
    assert "more than 0.1 s" in response.json()["error"]


def test_a_home_without_a_model_says_so(tmp_path: Path) -> None:
    with TestClient(application(Predictor.load(tmp_path), HOSTS)) as client:
        response = client.post("/predict", json={"materials": ["LiCl"]})
        assert response.status_code == 503
        assert "run the pipeline first" in response.json()["error"]
        assert "error" in client.get("/status").json()["answers_for"]["cif"]
