"""Runs programs and says what each took by itself; starts the server that stands in for S3."""

import os
import statistics
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))
RELEASE = os.path.join(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"), "release")
TRAILSEAL = os.path.join(RELEASE, "trailseal")
# Credentials that open nothing: the server on the loopback asks for none.
NO_ONE = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_EC2_METADATA_DISABLED": "true",
          "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@dataclass
class Took:
    """What one run of a program took. CPU is that of the program and what it started, not of the server it asks."""

    wall: float
    cpu: float
    peak_mb: float
    output: str = ""


def build():
    """Builds what is measured."""
    cargo = ["cargo", "build", "--release", "--locked", "--quiet", "--bin", "trailseal", "--example", "serve_bucket",
             "--example", "machine_limit", "--example", "many_chains"]
    subprocess.run(cargo, check=True, cwd=ROOT)


def run(command, statuses=(0,), **environment):
    """Runs a program to its end; any other exit status than `statuses` ends the measuring."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env={**os.environ, **environment})
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if child.returncode not in statuses:
        sys.exit(f"{' '.join(command)}\nended with {child.returncode}:\n{output[-2000:]}")
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def middle(runs):
    """The medians of some runs."""
    return Took(*(statistics.median(getattr(run, field) for run in runs) for field in ("wall", "cpu", "peak_mb")))


def rounds(count, **candidates):
    """Runs each candidate once a round, so that all meet the same moments, and gives the runs of each by name."""
    runs = {name: [] for name in candidates}
    for _ in range(count):
        for name, candidate in candidates.items():
            runs[name].append(candidate())
    return runs


def ratio(runs, of, to, field):
    """The median of the ratios of two candidates that ran in the same rounds."""
    return statistics.median(getattr(a, field) / getattr(b, field) for a, b in zip(runs[of], runs[to]))


class Server:
    """A simulated bucket that is being served."""

    def __init__(self, address):
        self.url = f"http://{address}"

    def requests(self):
        """How many listings and objects were asked for since this was last asked."""
        with urllib.request.urlopen(f"{self.url}/-/requests") as answer:
            lists, _, gets, _ = answer.read().split()
        return int(lists), int(gets)

    def run(self, command, **kwargs):
        """Runs a program that takes this server for AWS."""
        return run(command, AWS_ENDPOINT_URL=self.url, **NO_ONE, **kwargs)

    def verify(self, trail, *options):
        """Verifies the trail that is served."""
        return self.run([TRAILSEAL, "verify", trail.bucket_url, *trail.range_options, *options, "--quiet"])


@contextmanager
def serve(trail, latency_ms=0, from_disk=False):
    """Serves a trail on the loopback."""
    program = os.path.join(RELEASE, "examples", "serve_bucket")
    how = ["from-disk"] if from_disk else []
    child = subprocess.Popen([program, trail.path, trail.keys, str(latency_ms), "0", *how], stdout=subprocess.PIPE, text=True)
    try:
        yield Server(child.stdout.readline().strip())
    finally:
        child.terminate()
        child.wait()
