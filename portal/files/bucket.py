"""The store in a bucket of an S3-compatible store. Keys and region come from where the AWS tools look for them."""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import os
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from botocore import exceptions as wrong
from botocore.config import Config as Options

from portal import faults
from portal.config import Bucket
from portal.files.store import Kept, Store, StoreError, chunks, hash_of, is_place, place

REGION = "us-east-1"
"""What an S3-compatible server takes when nobody named a region; Amazon's own then names the right one."""
MISSING = ("404", "NoSuchKey", "NotFound")
REFUSED = ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken")

_making = threading.Lock()
logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells each process where it found the keys


@functools.cache
def _client(bucket: Bucket, _process: int) -> Any:
    """One client per process, which all its threads share; a fork must not go on with the connections of its parent."""
    options = Options(
        connect_timeout=3,  # somebody waits at a page
        read_timeout=15,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=16,
        # The name of the content goes with it as the signed hash, so any server refuses what was changed on the way;
        # newer kinds of checksum are unknown to many of them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"payload_signing_enabled": True, "addressing_style": bucket.addressing},
    )
    session = boto3.session.Session()
    region = bucket.region or os.environ.get("AWS_REGION") or session.region_name or REGION
    return session.client("s3", region_name=region, endpoint_url=bucket.endpoint, config=options)


class BucketStore(Store):
    """Objects `<prefix>ab/cd/<sha256>`. An object appears whole or not at all, so nothing half written is ever there."""

    def __init__(self, bucket: Bucket, workspace: Path) -> None:
        self.bucket, self._workspace = bucket, workspace

    @property
    def workspace(self) -> Path:
        """In the data folder of this machine."""
        return self._workspace

    def put(self, content: bytes | BinaryIO, *, replace: bool = False) -> str:
        """See `Store.put`."""
        if isinstance(content, bytes):
            return self._put(hashlib.sha256(content).hexdigest(), content, replace)
        with tempfile.TemporaryFile(dir=self.make_workspace()) as file:
            for chunk in chunks(content):
                file.write(chunk)
            file.seek(0)
            sha256 = hash_of(file)
            file.seek(0)
            return self._put(sha256, file, replace)

    def _put(self, sha256: str, body: Any, replace: bool) -> str:
        faults.reach("K8")
        if replace or not self.has(sha256):
            with self._told():
                self._s3.put_object(**self._object(sha256), Body=body)
            faults.reach("K9")
        return sha256

    def open(self, sha256: str) -> BinaryIO:
        """See `Store.open`."""
        return io.BufferedReader(_Reader(self, sha256, self.size(sha256)), 1 << 16)

    def read(self, sha256: str) -> bytes:
        """See `Store.read`."""
        with self._told(sha256), self.stream(sha256) as answer:
            content: bytes = answer.read()
        return content

    def has(self, sha256: str) -> bool:
        """See `Store.has`."""
        try:
            self.size(sha256)
        except FileNotFoundError:
            return False
        return True

    def size(self, sha256: str) -> int:
        """See `Store.size`."""
        with self._told(sha256):
            size: int = self._s3.head_object(**self._object(sha256))["ContentLength"]
        return size

    def delete(self, sha256: str) -> None:
        """See `Store.delete`."""
        with self._told():
            self._s3.delete_object(**self._object(sha256))
        self.path(sha256).unlink(missing_ok=True)

    def all(self) -> Iterator[Kept]:
        """See `Store.all`."""
        prefix = self.bucket.prefix
        with self._told():
            for answer in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket.name, Prefix=prefix):
                for item in answer.get("Contents", ()):
                    if is_place(path := item["Key"].removeprefix(prefix)):
                        yield Kept(path[-64:], item["Size"], item["LastModified"].timestamp())

    def path(self, sha256: str) -> Path:
        """See `Store.path`."""
        return self.workspace / Path(place(sha256)).name

    def bring(self, sha256: str) -> Path:
        """See `Store.bring`: fetched once; taken away again when it was not asked for lately."""
        path = self.path(sha256)
        if path.exists():
            os.utime(path)
            return path
        self.sweep()  # nobody else does it on a machine without a worker
        with self.open(sha256) as source:
            descriptor, name = tempfile.mkstemp(dir=self.make_workspace())
            try:
                with os.fdopen(descriptor, "wb") as file:
                    for chunk in chunks(source):
                        file.write(chunk)
                os.replace(name, path)
            finally:
                Path(name).unlink(missing_ok=True)
        return path

    def check(self) -> None:
        """See `Store.check`."""
        probe = {"Bucket": self.bucket.name, "Key": f"{self.bucket.prefix}probe-{uuid.uuid4().hex}"}
        with self._told():
            self._s3.put_object(**probe, Body=b"portal")
            with self._s3.get_object(**probe)["Body"] as answer:
                same = answer.read() == b"portal"
            self._s3.delete_object(**probe)
            self._s3.list_objects_v2(Bucket=self.bucket.name, Prefix=self.bucket.prefix, MaxKeys=1)
        if not same:
            raise StoreError(f"The bucket {self.bucket} does not give back what was written.")

    def stream(self, sha256: str, start: int = 0) -> Any:
        """The content from a position on, as the library reads it from the network."""
        with self._told(sha256):
            part = {"Range": f"bytes={start}-"} if start else {}
            return self._s3.get_object(**self._object(sha256), **part)["Body"]

    @property
    def _s3(self) -> Any:
        with _making:  # making two at once is not safe in the library
            return _client(self.bucket, os.getpid())

    def _object(self, sha256: str) -> dict[str, str]:
        return {"Bucket": self.bucket.name, "Key": self.bucket.prefix + place(sha256)}

    @contextmanager
    def _told(self, sha256: str = "") -> Iterator[None]:
        """Tell what the library or the server says as an error of the store; with a name, missing means that one."""
        try:
            yield
        except wrong.ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if sha256 and code in MISSING:
                raise FileNotFoundError(f"{self.bucket}/{place(sha256)}") from error
            raise StoreError(self._words(code, error)) from error
        except (wrong.NoCredentialsError, wrong.PartialCredentialsError) as error:
            raise StoreError(
                f"There are no keys for {self.bucket}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            ) from error
        except (wrong.ConnectionError, wrong.HTTPClientError) as error:
            raise StoreError(f"The store of {self.bucket} does not answer: {error}") from error
        except wrong.BotoCoreError as error:
            raise StoreError(f"The bucket {self.bucket} cannot be used: {error}") from error

    def _words(self, code: str, error: wrong.ClientError) -> str:
        if code == "NoSuchBucket":
            return f"The bucket {self.bucket} does not exist; make it, or correct PORTAL_FILES_URL."
        if code in REFUSED:
            return (
                f"The bucket {self.bucket} refuses {error.operation_name} ({code}); check the keys, and that they may "
                "list the bucket and put, get and delete its objects."
            )
        return f"The bucket {self.bucket} cannot be used: {error}"

    def __str__(self) -> str:
        return str(self.bucket)


class _Reader(io.RawIOBase):
    """An object as a file: seeking costs nothing, reading goes on in one answer until the position is changed."""

    def __init__(self, store: BucketStore, sha256: str, size: int) -> None:
        self._store, self._sha256, self._size = store, sha256, size
        self._at = 0
        self._answer: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if (target := max(0, base + offset)) != self._at:
            self._drop()
            self._at = target
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        if self._answer is None:
            self._answer = self._store.stream(self._sha256, self._at)
        with self._store._told(self._sha256):
            portion = self._answer.read(len(buffer))
        if not portion:
            raise StoreError(f"The store of {self._store} ended its answer early.")
        buffer[: len(portion)] = portion
        self._at += len(portion)
        return len(portion)

    def close(self) -> None:
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None
