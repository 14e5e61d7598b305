"""A server that speaks S3, for this run alone."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import boto3

from portal.config import Bucket

KEYS = {"AWS_ACCESS_KEY_ID": "portal", "AWS_SECRET_ACCESS_KEY": "a secret of the tests"}


@dataclass(frozen=True)
class Server:
    """The server at an address of this machine."""

    endpoint: str

    def make_bucket(self) -> Bucket:
        """A new bucket; the store lies below a prefix in it."""
        bucket = self.missing_bucket()
        self._client.create_bucket(Bucket=bucket.name)
        return bucket

    def missing_bucket(self) -> Bucket:
        """A bucket that nobody made."""
        return Bucket(f"portal-{uuid.uuid4().hex}", "company/files/", self.endpoint)

    def overwrite(self, bucket: Bucket, path: str, content: bytes) -> None:
        """Damage an object, or put a stranger's beside ours."""
        self._client.put_object(Bucket=bucket.name, Key=bucket.prefix + path, Body=content)

    def remove(self, bucket: Bucket, path: str) -> None:
        """Lose an object."""
        self._client.delete_object(Bucket=bucket.name, Key=bucket.prefix + path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """From now on the server knows no key of ours."""
        self._check_keys_after("0")
        try:
            yield
        finally:
            self._check_keys_after("inf")

    def _check_keys_after(self, calls: str) -> None:
        plain = {"Content-Type": "text/plain"}
        urlopen(Request(f"{self.endpoint}/moto-api/reset-auth", calls.encode(), plain, method="POST")).close()

    @property
    def _client(self) -> Any:
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip


def url(bucket: Bucket) -> str:
    """The bucket as PORTAL_FILES_URL names it."""
    return f"s3://{bucket.name}/{bucket.prefix}?endpoint={bucket.endpoint}"


@contextmanager
def server() -> Iterator[Server]:
    """Start the server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = (sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, "the S3 server does not start"
                time.sleep(0.05)
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()
