"""Simulated trails to measure with, and the AWS CLI to compare with."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv

from .processes import TRAILSEAL

BUCKET = "example-trail-logs"
# As `scripts/measure-memory` has it: many chains, and log files as small as they get, for a million must fit on a disk.
MANY = ["--accounts", "2", "--regions", "4", "--log-files-per-hour", "52", "--events-per-log-file", "1", "--shared-keys"]


class Trail:
    """A simulated trail on disk."""

    def __init__(self, folder, name, *options):
        self.path, self.keys = os.path.join(folder, name), os.path.join(folder, f"{name}-keys.json")
        command = [TRAILSEAL, "simulate", self.path, "--public-keys", self.keys, "--bucket", BUCKET]
        told = subprocess.run([*command, *options], check=True, text=True, stdout=subprocess.PIPE).stdout
        self.log_files, self.digests = (int(re.search(rf"([\d,]+) {what} files?", told).group(1).replace(",", ""))
                                        for what in ("log", "digest"))
        with open(os.path.join(self.path, ".trailseal", "source.json"), encoding="utf-8") as file:
            source = json.load(file)
        self.bucket_url = f"s3://{BUCKET}"
        self.range_options = ["--start-time", source["start"], "--end-time", source["end"]]

    def verify(self, *options):
        """The command that verifies the copy on disk."""
        return [TRAILSEAL, "verify", self.path, "--public-keys", self.keys, "--quiet", *options]

    def log_paths(self):
        """Its log files."""
        folder = os.path.join(self.path, "AWSLogs")
        return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) if "/CloudTrail/" in at for name in names)

    def inflated(self):
        """How many bytes its log files inflate to, as their own trailers say."""
        total = 0
        for path in self.log_paths():
            with open(path, "rb") as log:
                log.seek(-4, os.SEEK_END)
                total += int.from_bytes(log.read(4), "little")
        return total

    def drop(self):
        """Takes it off the disk."""
        shutil.rmtree(self.path)


def small_files(folder, quick=False):
    """One account, region and trail, and log files of some 5 KB."""
    return Trail(folder, "small", "--regions", "us-east-1", "--hours", "6" if quick else "168", "--log-files-per-hour", "20",
                 "--events-per-log-file", SMALL_EVENTS, "--empty-hours", "0")


def mid_files(folder, quick=False):
    """Log files of some 320 KB."""
    return Trail(folder, "mid", "--regions", "us-east-1", "--hours", "2" if quick else "120", "--log-files-per-hour", "20",
                 "--events-per-log-file", MID_EVENTS, "--empty-hours", "0")


def many_files(folder, log_files):
    """About so many log files, tiny ones, in 8 chains."""
    return Trail(folder, f"many-{log_files}", "--hours", str(max(1, round(log_files / 380))), *MANY)


def aws_cli(folder):
    """The AWS CLI: TRAILSEAL_AWS_CLI, else the one on PATH, else installed from PyPI into `folder`. Gives its path and version."""
    program = os.environ.get("TRAILSEAL_AWS_CLI") or shutil.which("aws")
    if not program:
        home = os.path.join(folder, "aws-cli")
        venv.create(home, with_pip=True)
        subprocess.run([os.path.join(home, "bin", "pip"), "install", "--quiet", "awscli"], check=True)
        program = os.path.join(home, "bin", "aws")
    told = subprocess.run([program, "--version"], text=True, stdout=subprocess.PIPE, check=False)
    if told.returncode != 0:
        sys.exit(f"{program} does not run; name another one in TRAILSEAL_AWS_CLI")
    return program, told.stdout.split()[0]


def validate_logs(program, trail):
    """The AWS CLI's command that does what `trailseal verify` does."""
    digest = next(name for at, _, names in os.walk(trail.path) for name in names if "_CloudTrail-Digest_" in name)
    account, _, region, name, *_ = digest.split("_")
    arn = f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"
    return [program, "cloudtrail", "validate-logs", "--trail-arn", arn, "--s3-bucket", BUCKET, "--region", region,
            *trail.range_options]


# Events in a log file, on average.
SMALL_EVENTS = "17"
MID_EVENTS = "1150"
