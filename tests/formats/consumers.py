"""Reads every report of a folder with the tool of whoever consumes its form.

consumers.py FORM FOLDER SCHEMA: reads FOLDER/*.FORM; tells how many it read, or what is wrong with the first that is.
"""

import json
import re
import sys
from pathlib import Path


def read_json(text, schema):
    validator(schema, None).validate(json.loads(text))


def read_ndjson(text, schema):
    *findings, last = [json.loads(line) for line in text.splitlines()]
    for finding in findings:
        validator(schema, "finding").validate(finding)
    validator(schema, "last-line").validate(last)


VALIDATORS = {}


def validator(schema, definition):
    """The published schema, or one of its definitions."""
    from jsonschema import Draft202012Validator

    if definition not in VALIDATORS:
        Draft202012Validator.check_schema(schema)
        root = schema if definition is None else {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
        VALIDATORS[definition] = Draft202012Validator(root, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return VALIDATORS[definition]


# In OCSF 1.5.0, and not in these models of it.
OCSF_MODELS_LACK = {
    "DetectionFinding": {"is_alert"},
    "ComplianceFinding": {"cloud"},
    "Compliance": {"status", "status_details"},
}


def read_ocsf(text, _):
    from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
    from py_ocsf_models.events.findings.detection_finding import DetectionFinding

    uids = set()
    for line in text.splitlines():
        event = json.loads(line)
        model = {2003: ComplianceFinding, 2004: DetectionFinding}[event["class_uid"]]
        known(model.model_validate(event), event)
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], event
        uid = event["finding_info"]["uid"]
        assert uid not in uids, f"{uid} twice"
        uids.add(uid)


def known(model, value):
    """The models take whatever they do not know; here that is a mistake, unless it is known to be theirs."""
    from pydantic import BaseModel

    name = type(model).__name__
    for key, inner in value.items():
        if key not in type(model).model_fields:
            assert key in OCSF_MODELS_LACK.get(name, set()), f"{name} has no {key}"
            continue
        made = getattr(model, key)
        pairs = zip(made, inner) if isinstance(made, list) else [(made, inner)]
        for made, inner in pairs:
            if isinstance(made, BaseModel):
                known(made, inner)


def read_asff(text, _):
    import botocore.session
    from botocore.validate import validate_parameters

    service = botocore.session.get_session().get_service_model("securityhub")
    shape = service.operation_model("BatchImportFindings").input_shape
    findings = json.loads(text)
    for at in range(0, len(findings), 100):
        validate_parameters({"Findings": findings[at : at + 100]}, shape)
    ids = {finding["Id"] for finding in findings}
    assert len(ids) == len(findings), "an id is there twice"
    for finding in findings:
        patterns(shape.members["Findings"].member, finding, service)
        limits(finding)


def patterns(shape, value, service):
    """botocore leaves patterns and names that it does not know to the service."""
    if shape.type_name == "structure":
        for key, inner in value.items():
            assert key in shape.members, f"{shape.name} has no {key}"
            patterns(shape.members[key], inner, service)
    elif shape.type_name == "list":
        for inner in value:
            patterns(shape.member, inner, service)
    elif shape.type_name == "map":
        for key, inner in value.items():
            patterns(shape.key, key, service)
            patterns(shape.value, inner, service)
    elif shape.type_name == "string":
        pattern = service._service_description["shapes"][shape.name].get("pattern")
        assert pattern is None or re.fullmatch(pattern, value), f"{shape.name}: {value!r}"
        assert not shape.enum or value in shape.enum, f"{shape.name}: {value!r}"


NAMESPACES = {
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
}


def limits(finding):
    """The limits that the user guide of Security Hub states in words."""
    size = lambda text: len(text.encode())
    assert size(finding["Id"]) <= 512 and size(finding["GeneratorId"]) <= 512
    assert re.fullmatch(r"\d{12}", finding["AwsAccountId"]), finding["AwsAccountId"]
    account = finding["AwsAccountId"]
    arn = rf"arn:aws(-cn|-us-gov)?:securityhub:[a-z0-9-]+:{account}:product/{account}/default"
    assert re.fullmatch(arn, finding["ProductArn"]), finding["ProductArn"]
    assert size(finding["Title"]) <= 256 and size(finding["Description"]) <= 1024
    assert len(finding["Types"]) <= 50
    for kind in finding["Types"]:
        parts = kind.split("/")
        assert parts[0] in NAMESPACES and len(parts) <= 3, kind
    assert 1 <= len(finding["Resources"]) <= 32
    for resource in finding["Resources"]:
        assert size(resource["Id"]) <= 512 and size(resource["Type"]) <= 256 and size(resource["Region"]) <= 16
        other = resource["Details"].get("Other", {})
        assert len(other) <= 50 and all(size(k) <= 128 and size(v) <= 1024 for k, v in other.items())
    fields = finding["ProductFields"]
    assert len(fields) <= 50
    for name, value in fields.items():
        assert re.fullmatch(r"[\w\s.:/=+\-@]{1,128}", name) and size(value) <= 2048, name
    if "Remediation" in finding:
        assert size(finding["Remediation"]["Recommendation"]["Text"]) <= 512
    compliance = finding.get("Compliance", {})
    requirements = compliance.get("RelatedRequirements", [])
    assert len(requirements) <= 32 and all(size(each) <= 64 for each in requirements)
    assert len(compliance.get("StatusReasons", [])) <= 20
    assert size(json.dumps(finding)) <= 240_000


def read_junit(text, _):
    from junitparser import Error, Failure, JUnitXml, Skipped

    suites = JUnitXml.fromstring(text.encode())
    totals = [0, 0, 0, 0]
    for suite in suites:
        told = [suite.tests, suite.failures, suite.errors, suite.skipped]
        outcomes = [case.result for case in suite]
        assert all(len(outcome) <= 1 for outcome in outcomes), "two outcomes of one test"
        kinds = [type(outcome[0]) if outcome else None for outcome in outcomes]
        assert told == [len(outcomes), kinds.count(Failure), kinds.count(Error), kinds.count(Skipped)], (suite.name, told)
        assert len({case.name for case in suite}) == len(outcomes), suite.name
        totals = [a + b for a, b in zip(totals, told)]
    assert totals == [suites.tests, suites.failures, suites.errors, suites.skipped], totals


def read_oscal(text, _):
    from trestle.oscal.assessment_results import Model

    document = json.loads(text)
    Model.model_validate(document) if hasattr(Model, "model_validate") else Model.parse_obj(document)
    defined, referred = [], []
    gather(document, defined, referred)
    assert len(set(defined)) == len(defined), "a UUID names two things"
    assert set(referred) <= set(defined), set(referred) - set(defined)


def gather(value, defined, referred):
    if isinstance(value, list):
        for inner in value:
            gather(inner, defined, referred)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "uuid":
                defined.append(inner)
            elif key.endswith("-uuid"):
                referred.append(inner)
            elif key == "href" and inner.startswith("#"):
                referred.append(inner[1:])
            else:
                gather(inner, defined, referred)


def read_prometheus(text, _):
    from prometheus_client.parser import text_string_to_metric_families

    met = set()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for family in families.values():
        assert family.documentation and family.type == "gauge", family
        for sample in family.samples:
            series = (sample.name, tuple(sorted(sample.labels.items())))
            assert series not in met, f"{series} twice"
            met.add(series)
    assert sum(sample.value for sample in families["trailseal_verdict"].samples) == 1


def read_monitor_metrics(text, _):
    from prometheus_client.parser import text_string_to_metric_families

    met = set()
    for family in text_string_to_metric_families(text):
        assert family.documentation and family.type == "gauge", family
        assert family.name.startswith("trailseal_monitor_"), family
        for sample in family.samples:
            series = (sample.name, tuple(sorted(sample.labels.items())))
            assert series not in met, f"{series} twice"
            met.add(series)


def read_monitor_json(text, schema):
    """By its own schema and by that of the report, which it refers to."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    report = json.loads((Path(sys.argv[3]).parent / "report.schema.json").read_text(encoding="utf-8"))
    registry = Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in (schema, report)])
    Draft202012Validator.check_schema(schema)
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(schema, registry=registry, format_checker=checker).validate(json.loads(text))


def read_csv(text, _):
    import csv

    assert text.count("\n") == text.count("\r\n"), "a line that does not end in CR LF"
    assert text.isascii(), "what a spreadsheet takes for something else"
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    columns = next(rows)
    assert columns[:2] == ["kind", "status"] and len(set(columns)) == len(columns), columns
    for row in rows:
        assert len(row) == len(columns), row
        told = dict(zip(columns, row))
        assert told["kind"] in {"digest file", "log file", "other"}, row
        assert told["status"] in {"verified", "violated", "unproven", "not-checked", "note"}, row
        assert set(told["waived"].split(";")) <= set(told["codes"].split(";")) | {""}, row
        assert re.fullmatch(r"\d*", told["bytes"]), row
        for cell in row:
            parts = [part.lstrip(' "') for part in cell.split(";")]
            assert not any(re.match(r"[=+\-@\t\r]", part) for part in parts), cell


def main():
    form, folder, schema = sys.argv[1:]
    read = globals()[f"read_{form}"]
    schema = json.loads(Path(schema).read_text(encoding="utf-8"))
    files = sorted(Path(folder).glob(f"*.{form}"))
    for path in files:
        try:
            # As it is: the ends of lines are part of some forms.
            read(path.read_bytes().decode("utf-8"), schema)
        except Exception as error:
            sys.exit(f"{path.name}: {type(error).__name__}: {error}")
    print(len(files))


if __name__ == "__main__":
    main()
