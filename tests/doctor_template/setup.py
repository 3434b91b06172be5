"""What both templates come to, in one form, so that they can be compared."""

import json


def policy(document):
    """A policy in which what may be one or several is several, in order."""
    assert document["Version"] == "2012-10-17" and set(document) == {"Version", "Statement"}
    return {"Version": document["Version"], "Statement": [statement(each) for each in document["Statement"]]}


def statement(given):
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    assert set(given) <= known, set(given) - known
    made = dict(given)
    for name in ["Action", "Resource"]:
        if name in made:
            made[name] = several(made[name])
    if "Principal" in made and made["Principal"] != "*":
        made["Principal"] = {kind: several(who) for kind, who in made["Principal"].items()}
    made["Condition"] = {
        test: {variable: several(values) for variable, values in of.items()} for test, of in made.get("Condition", {}).items()
    }
    return made


def several(value):
    return sorted(value) if isinstance(value, list) else [value]


def rendered(made):
    """A policy as JSON in which one is one and not several, as both tools write it."""
    return json.dumps(alone(made))


def alone(value):
    if isinstance(value, dict):
        return {name: alone(each) for name, each in value.items()}
    if isinstance(value, list):
        # The list of statements stays a list.
        return value[0] if len(value) == 1 and isinstance(value[0], str) else [alone(each) for each in value]
    return value
