"""An S3 server in a process of its own, and the ordinary AWS variables that lead to it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import requests

from sse_assets_tests.services.processes import Process, wait_for

BUCKET = "electrolytes"


@contextmanager
def object_store(port: int, folder: Path) -> Iterator[dict[str, str]]:
    """The variables by which a process reaches a server with an empty bucket."""
    address = f"http://127.0.0.1:{port}"
    variables = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server = Process(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        log=folder / "object_store.log",
        environment=os.environ,
    )
    server.start()
    try:
        wait_for(lambda: _answers(address), "the S3 server does not start")
        boto3.client(
            "s3",
            endpoint_url=address,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
        ).create_bucket(Bucket=BUCKET)
        yield variables
    finally:
        server.stop()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=10).ok
    except requests.ConnectionError:
        return False
