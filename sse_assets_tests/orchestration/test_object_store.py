"""The same storage on S3: a local server, the ordinary AWS variables, nothing else changed."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pandas as pd
import pytest
import requests
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from sse_assets.boosted_trees.model import BoostedTreesModel, ModelCard
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.orchestration.warehouse import bring_up_to_date
from sse_assets_tests.environment import settings_with
from sse_assets_tests.services.object_store import aws_variables


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in aws_variables(f"http://{host}:{port}").items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="electrolytes")
    yield settings_with(SSE_HOME=tmp_path, SSE_BLOB_ROOT="s3://electrolytes/sse")
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=30)  # what it holds outlives it otherwise
    server.stop()
    S3FileSystem.clear_instance_cache()  # it remembers the address of this server


def test_tables_partitions_and_the_warehouse(settings: Settings) -> None:
    store = TableStore(settings.blob_root)
    for version in ("old", "new"):
        store.write(TableKey("curated", "electrolytes"), pd.DataFrame({"id": [version]}))
        for name in ("x", "y/z"):
            store.write(TableKey("models", "trees", name), pd.DataFrame({"variant": [f"{name} {version}"]}))
    assert store.read(TableKey("curated", "electrolytes"))["id"].tolist() == ["new"]
    assert store.read(TableKey("models", "trees"))["variant"].tolist() == ["x new", "y/z new"]
    assert bring_up_to_date(settings.warehouse, store).tables == ["curated.electrolytes", "models.trees"]


def test_files_and_models(settings: Settings) -> None:
    write_bytes(settings.blob_root / "reports/report.html", b"<html>")
    assert (settings.blob_root / "reports/report.html").read_bytes() == b"<html>"

    X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]})
    settings_of_trees = BoostedTreesSettings(n_estimators=5, num_parallel_tree=1)
    card = ModelCard("all", "all_rows", LabelConvention.BOUND, "v1", 4, {}, None)
    model = BoostedTreesModel.fit(X, pd.Series([1.0, 2.0, 3.0, 4.0]), settings_of_trees).with_card(card)
    folder = str(settings.blob_root / "models" / "all")
    model.save(folder)
    assert BoostedTreesModel.load(folder).predict(X).tolist() == model.predict(X).tolist()
