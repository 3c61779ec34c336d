"""A Spark standalone master and one worker on loopback."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

START_SECONDS = 180
# Hundreds of short queries: compile code quickly rather than well, plan each query once.
_QUICKLY = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
QUICK = {
    "spark.executor.memory": "1g",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": _QUICKLY,
    "spark.executor.extraJavaOptions": _QUICKLY,
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.locality.wait": "0s",
    "spark.ui.showConsoleProgress": "false",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pages(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/", timeout=2) as page:
            return page.read().decode()
    except OSError:
        return ""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start a master and a worker of one core, and yield the master's address.

    Parameters
    ----------
    folder : Path
        Takes logs and what the worker writes.
    """
    import pyspark

    home = Path(pyspark.__file__).parent
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"  # for the driver, which starts in this process
    port, master_ui, worker_ui = free_port(), free_port(), free_port()
    address = f"spark://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
    }
    # The JVM's own bind address: without it the pages listen on every interface.
    loopback = ["--host", "127.0.0.1"]
    commands = {
        "master": ["Master", *loopback, "--port", str(port), "--webui-port", str(master_ui)],
        "worker": [
            "Worker", address, *loopback, "--webui-port", str(worker_ui), "-c", "1", "-m", "2g",
            "-d", str(folder / "work"),
        ],
    }  # fmt: skip
    started, logs = [], []
    try:
        for role, (main, *arguments) in commands.items():
            log = open(folder / f"{role}.log", "wb")  # noqa: SIM115 - closed below
            logs.append(log)
            launch = [
                home / "bin" / "spark-class",
                f"org.apache.spark.deploy.{role}.{main}",
                *arguments,
            ]
            started.append(
                subprocess.Popen(launch, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
        deadline = time.monotonic() + START_SECONDS
        while '"aliveworkers" : 1' not in pages(master_ui):
            for role, process in zip(commands, started, strict=True):
                if process.poll() is not None:
                    text = (folder / f"{role}.log").read_text(encoding="utf-8")[-2000:]
                    raise RuntimeError(f"the Spark {role} ended with {process.returncode}:\n{text}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"no Spark worker within {START_SECONDS} s")
            time.sleep(0.5)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in logs:
            log.close()
