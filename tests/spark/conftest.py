"""A Spark standalone master and one worker on loopback."""

import os
import shutil

import pytest
from loopback_cluster import running


@pytest.fixture(scope="session")
def spark_master(tmp_path_factory):
    """Address of a running master that has a worker."""
    pytest.importorskip("pyspark", reason="needs the spark extra: make test-spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("needs Java 17 or newer")
    with running(tmp_path_factory.mktemp("spark")) as address:
        yield address
