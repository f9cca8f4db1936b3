"""An S3 server in a process of its own, and the ordinary AWS variables that lead to it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import boto3

from sse_assets_tests.services.processes import Process, answers

BUCKET = "electrolytes"


def aws_variables(address: str) -> dict[str, str]:
    """Return the variables by which a process reaches an S3 server that takes any credentials."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@contextmanager
def object_store(port: int, folder: Path) -> Iterator[dict[str, str]]:
    """The variables by which a process reaches a server with an empty bucket."""
    address = f"http://127.0.0.1:{port}"
    variables = aws_variables(address)
    server = Process(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        log=folder / "object_store.log",
        environment=os.environ,
    )
    with server:
        server.wait_until(lambda: answers(address))
        with patch.dict(os.environ, variables):
            boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield variables
