"""Holds what `trailseal doctor --template` prints against cfn-lint, a parser of HCL, and what the checks want; makes it in moto.

usage: check.py PROGRAM    (in a Python environment with deploy/requirements.txt)
"""

import difflib
import itertools
import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings

import cloudformation
import requests
import terraform
from account import Account
from moto.server import ThreadedMotoServer
from wanted import seen, wanted

# The account that moto is.
ACCOUNT = "123456789012"
CASES = [
    {"trail-name": "audit", "bucket": "example-trail", "region": "us-east-1", "partition": "aws", "log days": 365},
    # What YAML would take for a number, and dots.
    {
        "trail-name": "1.5",
        "bucket": "123",
        "region": "cn-north-1",
        "partition": "aws-cn",
        "retention-days": "2557",
        "log days": 2557,
    },
    # Too short for the archive.
    {
        "trail-name": "Every_account.of-us",
        "bucket": "b" * 51,
        "region": "us-gov-west-1",
        "partition": "aws-us-gov",
        "retention-days": "100",
        "log days": 120,
        "organization-id": "o-exampleorgid",
    },
]
OPTIONS = ["trail-name", "bucket", "account-id", "region", "retention-days", "organization-id"]


def main():
    [program] = sys.argv[1:]
    # What moto's CloudFormation does not know is told below, once.
    warnings.filterwarnings("ignore", "Tried to parse")
    for noisy in ["werkzeug", "moto"]:
        logging.getLogger(noisy).setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    left_out = set()
    for case in CASES:
        names = {"account-id": ACCOUNT, **case}
        # Without the option, what is printed is for a year.
        printed = {kind: print_template(program, kind, names) for kind in ["terraform", "cloudformation"]}
        names.setdefault("retention-days", "365")
        lint(printed["cloudformation"], names["region"])
        for insights, data_events in itertools.product([True, False], ["none", "bucket", "all"]):
            what = f"{names['trail-name']}, insights {insights}, data events {data_events}"
            place = [names["account-id"], names["region"], names["partition"]]
            given = {"Insights": str(insights).lower(), "S3DataEvents": data_events}
            setups = {
                "terraform": terraform.setup(printed["terraform"], *place, {"insights": insights, "s3_data_events": data_events}),
                "cloudformation": cloudformation.setup(printed["cloudformation"], *place, given),
            }
            expected = wanted(names, insights, data_events)
            for kind, setup in setups.items():
                same(f"{kind}: {what}", setup, expected)
                account = fresh(f"http://{host}:{port}", names["region"])
                if kind == "terraform":
                    account.make(setup)
                else:
                    left_out |= set(account.deploy(printed[kind], setup, given))
                same(f"{kind}, made in moto: {what}", account.look(setup), seen(expected))
        # By default everything that the checks want is recorded, and of objects no more than the trail's own.
        defaults = wanted(names, True, "bucket")
        same("terraform by default", terraform.setup(printed["terraform"], *place, {}), defaults)
        same("cloudformation by default", cloudformation.setup(printed["cloudformation"], *place, {}), defaults)
    server.stop()
    for each in sorted(left_out):
        print(f"NOT MADE by moto's CloudFormation, but through the API as the template says: {each}")


def print_template(program, kind, names):
    options = [part for name in OPTIONS if name in names for part in ("--" + name, names[name])]
    return subprocess.run([program, "doctor", "--template", kind, *options], check=True, stdout=subprocess.PIPE, text=True).stdout


def lint(template, region):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "template.yaml")
        path.write_text(template)
        cfn_lint = pathlib.Path(sys.executable).with_name("cfn-lint")
        subprocess.run([cfn_lint, "--regions", region, "--include-checks", "I", "--", path], check=True)


def fresh(endpoint, region):
    requests.post(f"{endpoint}/moto-api/reset", timeout=60).raise_for_status()
    return Account(endpoint, region)


def same(what, there, expected):
    lines = [json.dumps(each, indent=1, sort_keys=True).splitlines() for each in (there, expected)]
    if lines[0] != lines[1]:
        sys.exit("\n".join([f"{what}:", *difflib.unified_diff(*lines, "there", "wanted", lineterm="")]))


if __name__ == "__main__":
    main()
