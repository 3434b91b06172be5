"""A Terraform configuration as the setup that it makes, read by a parser of HCL alone: expressions resolved, names of AWS's API.

Knows the expressions that the printed template uses, and stops at all else: at a reference to what is not there, too."""

import re

import hcl2

from setup import policy

REFERENCE = re.compile(r"(?:data\.)?[a-z_0-9]+(?:\.[a-z_0-9]+)+")


class Configuration:
    def __init__(self, text, account, region, partition, given):
        self.parsed = hcl2.loads(text)
        self.arn = f"arn:{partition}:{{}}:{region}:{account}:{{}}".format
        self.partition = partition
        self.iterated = {}
        self.variables = {}
        self.blocks = {}
        for block in self.parsed["variable"]:
            [(name, body)] = block.items()
            self.variables[unquoted(name)] = given.get(unquoted(name), self.plain(body["default"]))
        for kind in ["resource", "data"]:
            for block in self.parsed[kind]:
                [(kind_of, named)] = block.items()
                [(name, body)] = named.items()
                path = ("data." if kind == "data" else "") + f"{unquoted(kind_of)}.{unquoted(name)}"
                assert path not in self.blocks, f"{path} is there twice"
                self.blocks[path] = body
        [self.locals] = self.parsed["locals"]
        self.read = set()

    def plain(self, text):
        return unquoted(text) if isinstance(text, str) else text

    def of(self, path):
        """The arguments and the blocks of a resource."""
        self.read.add(path)
        return self.body(self.blocks[path])

    def body(self, body):
        resolved = {}
        for name, value in body.items():
            if name.startswith("__") or name == "depends_on":
                continue
            if name != "dynamic":
                resolved[name] = self.value(value) + resolved.get(name, []) if is_blocks(value) else self.value(value)
                continue
            for dynamic in value:
                [(label, of)] = dynamic.items()
                label = unquoted(label)
                [content] = of["content"]
                for item in self.value(of["for_each"]):
                    self.iterated[label + ".value"] = item
                    resolved.setdefault(label, []).append(self.body(content))
                    del self.iterated[label + ".value"]
        return resolved

    def value(self, value):
        if isinstance(value, dict):
            return self.body(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.expression(value) if isinstance(value, str) else value

    def expression(self, text):
        """A quoted template, or `${...}` around an expression."""
        text = text.strip()
        if text.startswith("${") and text.endswith("}"):
            text = text[2:-1].strip()
        if text.startswith('"'):
            return re.sub(r"\$\{([^}]*)\}", lambda found: self.expression(found[1]), unquoted(text))
        choice = re.fullmatch(r'(.+?) \? (.+) : (\[\])', text)
        if choice or (choice := re.fullmatch(r'(.+?) \? (\[\]) : (.+)', text)):
            return self.expression(choice[2] if self.holds(choice[1]) else choice[3])
        if text.startswith("[") and text.endswith("]"):
            return [self.expression(item) for item in text[1:-1].split(",") if item.strip()]
        assert REFERENCE.fullmatch(text), f"not understood: {text}"
        return self.reference(text)

    def holds(self, text):
        left, equals, right = text.partition(" == ")
        return self.expression(left) == self.expression(right) if equals else self.expression(left)

    def reference(self, path):
        if path in self.iterated:
            return self.iterated[path]
        kind, name, *attribute = path.split(".")
        if kind == "var":
            return self.variables[name]
        if kind == "local":
            return self.value(self.locals[name])
        if kind == "data":
            kind, name, attribute = f"data.{name}", attribute[0], attribute[1:]
        body = self.blocks[f"{kind}.{name}"]
        match kind, attribute:
            case "aws_s3_bucket", ["id"]:
                return self.value(body["bucket"])
            case "aws_s3_bucket", ["arn"]:
                return f"arn:{self.partition}:s3:::{self.value(body['bucket'])}"
            case "aws_sns_topic", ["name"]:
                return self.value(body["name"])
            case "aws_sns_topic", ["arn"]:
                return self.arn("sns", self.value(body["name"]))
            case "aws_cloudwatch_log_group", ["arn"]:
                # Without `:*`, other than in CloudFormation.
                return self.arn("logs", "log-group:" + self.value(body["name"]))
            case "data.aws_iam_policy_document", ["json"]:
                return document(self.of(f"{kind}.{name}"))
            case ("aws_kms_key", ["key_id" | "arn"]) | ("aws_iam_role", ["id" | "arn"]) | ("aws_cloudtrail", ["arn"]):
                return path
        raise KeyError(path)

    def depends(self, path):
        """What it waits for, all of which is there."""
        waits = [each.removeprefix("${").removesuffix("}") for each in self.blocks[path].get("depends_on", [])]
        for each in waits:
            assert each in self.blocks, f"{path} depends on {each}, which is not there"
        return set(waits)

    def kept(self, path):
        return self.of(path).get("lifecycle") == [{"prevent_destroy": True}]


def setup(text, account, region, partition, given):
    configuration = Configuration(text, account, region, partition, given)
    of, depends = configuration.of, configuration.depends
    for path, after in AFTER.items():
        assert after <= depends(path), f"{path} does not wait for {after - depends(path)}"
    for path, body in configuration.blocks.items():
        depends(path)
        kind = path.rpartition(".")[0]
        unknown = {name for name in body if not name.startswith("__")} - ARGUMENTS[kind] - {"depends_on", "dynamic"}
        assert not unknown, f"{kind} has no {unknown}"
    [terraform] = configuration.parsed["terraform"]
    [providers] = terraform["required_providers"]
    assert configuration.body(providers["aws"]) == {"source": "hashicorp/aws", "version": ">= 5.0"}
    [provider] = configuration.parsed["provider"]
    provider = configuration.body(provider['"aws"'])
    assert provider == {"region": region, "allowed_account_ids": [account]}, provider
    for output in configuration.parsed["output"]:
        [body] = output.values()
        configuration.value(body["value"])
    trail, key = of("aws_cloudtrail.trail"), of("aws_kms_key.trail")
    alias, key_policy = of("aws_kms_alias.trail"), of("aws_kms_key_policy.trail")
    topic_policy = of("aws_sns_topic_policy.trail")
    role_policy = of("aws_iam_role_policy.logs")
    group = of("aws_cloudwatch_log_group.trail")
    assert alias["target_key_id"] == key_policy["key_id"] == "aws_kms_key.trail.key_id"
    assert trail.pop("kms_key_id") == "aws_kms_key.trail.arn"
    assert trail.pop("cloud_watch_logs_role_arn") == "aws_iam_role.logs.arn" and role_policy["role"] == "aws_iam_role.logs.id"
    assert topic_policy["arn"] == configuration.reference("aws_sns_topic.trail.arn")
    made = {
        "trail": {TRAIL[name]: selectors(name, value) for name, value in trail.items()},
        "key": {
            "rotation": key["enable_key_rotation"],
            "window": key["deletion_window_in_days"],
            "policy": key_policy["policy"],
            "alias": alias["name"],
            "kept": configuration.kept("aws_kms_key.trail"),
        },
        "bucket": bucket(configuration, "trail"),
        "access logs": bucket(configuration, "access_logs"),
        "topic": {"name": of("aws_sns_topic.trail")["name"], "policy": topic_policy["policy"]},
        "log group": {"name": group["name"], "days": group["retention_in_days"]},
        "role": {"trust": of("aws_iam_role.logs")["assume_role_policy"], "policy": role_policy["policy"]},
    }
    made["trail"].setdefault("InsightSelectors", [])
    unread = set(configuration.blocks) - configuration.read
    assert not unread, f"nothing was made of {unread}"
    return made


def selectors(name, value):
    """The values of the trail's blocks, by their names in the API."""
    if name == "insight_selector":
        return [{"InsightType": each["insight_type"]} for each in value]
    if name != "advanced_event_selector":
        return value
    fields = {"field": "Field", "equals": "Equals", "starts_with": "StartsWith"}
    return [
        {
            "Name": each["name"],
            "FieldSelectors": [{fields[name]: of for name, of in field.items()} for field in each["field_selector"]],
        }
        for each in value
    ]


def bucket(configuration, name):
    def of(kind):
        body = configuration.of(f"aws_s3_bucket{kind}.{name}")
        bucket = body.pop("bucket")
        assert not kind or bucket == configuration.reference(f"aws_s3_bucket.{name}.id"), kind
        return {**body, "": bucket}

    made = of("")
    [ownership] = of("_ownership_controls")["rule"]
    [versioning] = of("_versioning")["versioning_configuration"]
    [encryption] = of("_server_side_encryption_configuration")["rule"]
    [encryption] = encryption["apply_server_side_encryption_by_default"]
    [lifecycle] = of("_lifecycle_configuration")["rule"]
    assert lifecycle["filter"] == [{}], "the rule is for all objects"
    assert f"aws_s3_bucket_public_access_block.{name}" in configuration.depends(f"aws_s3_bucket_policy.{name}")
    block = of("_public_access_block")
    lock = logging = None
    if made.get("object_lock_enabled"):
        [rule] = of("_object_lock_configuration")["rule"]
        [lock] = rule["default_retention"]
        lock = {"Mode": lock["mode"], "Days": lock["days"]}
    if f"aws_s3_bucket_logging.{name}" in configuration.blocks:
        of_logging = of("_logging")
        logging = {"TargetBucket": of_logging["target_bucket"], "TargetPrefix": of_logging["target_prefix"]}
    return {
        "name": made[""],
        "kept": configuration.kept(f"aws_s3_bucket.{name}"),
        "access block": {
            "BlockPublicAcls": block["block_public_acls"],
            "IgnorePublicAcls": block["ignore_public_acls"],
            "BlockPublicPolicy": block["block_public_policy"],
            "RestrictPublicBuckets": block["restrict_public_buckets"],
        },
        "ownership": ownership["object_ownership"],
        "versioning": versioning["status"],
        "lock": lock,
        "encryption": {"SSEAlgorithm": encryption["sse_algorithm"]},
        "lifecycle": {
            "ID": lifecycle["id"],
            "Status": lifecycle["status"],
            "Transitions": [
                {"Days": each["days"], "StorageClass": each["storage_class"]} for each in lifecycle.get("transition", [])
            ],
            "Expiration": {"Days": lifecycle["expiration"][0]["days"]},
            "NoncurrentVersionExpiration": {
                "NoncurrentDays": lifecycle["noncurrent_version_expiration"][0]["noncurrent_days"]
            },
            "AbortIncompleteMultipartUpload": {
                "DaysAfterInitiation": lifecycle["abort_incomplete_multipart_upload"][0]["days_after_initiation"]
            },
        },
        "logging": logging,
        "policy": of("_policy")["policy"],
    }


def document(body):
    """What aws_iam_policy_document makes of its blocks."""
    statements = []
    for block in body["statement"]:
        known = {"sid", "effect", "actions", "resources", "principals", "condition"}
        assert set(block) <= known, set(block) - known
        statement = {"Effect": block.get("effect", "Allow"), "Action": block["actions"]}
        if "sid" in block:
            statement["Sid"] = block["sid"]
        if "resources" in block:
            statement["Resource"] = block["resources"]
        for principals in block.get("principals", []):
            everybody = principals == {"type": "*", "identifiers": ["*"]}
            statement["Principal"] = "*" if everybody else {principals["type"]: principals["identifiers"]}
        for condition in block.get("condition", []):
            of_test = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
            assert condition["variable"] not in of_test
            of_test[condition["variable"]] = condition["values"]
        statements.append(statement)
    return policy({"Version": "2012-10-17", "Statement": statements})


def is_blocks(value):
    return isinstance(value, list) and any(isinstance(item, dict) and "__is_block__" in item for item in value)


def unquoted(text):
    assert text.startswith('"') and text.endswith('"') and "\\" not in text, text
    return text[1:-1]


AFTER = {
    "aws_cloudtrail.trail": {
        "aws_s3_bucket_policy.trail",
        "aws_s3_bucket_object_lock_configuration.trail",
        "aws_s3_bucket_server_side_encryption_configuration.trail",
        "aws_s3_bucket_logging.trail",
        "aws_kms_key_policy.trail",
        "aws_sns_topic_policy.trail",
        "aws_iam_role_policy.logs",
    },
    "aws_s3_bucket_object_lock_configuration.trail": {"aws_s3_bucket_versioning.trail"},
    "aws_s3_bucket_lifecycle_configuration.trail": {"aws_s3_bucket_versioning.trail"},
    "aws_s3_bucket_lifecycle_configuration.access_logs": {"aws_s3_bucket_versioning.access_logs"},
    "aws_s3_bucket_logging.trail": {"aws_s3_bucket_policy.access_logs"},
}
# Of the documentation of hashicorp/aws 5 and 6: the arguments and blocks that are used.
ARGUMENTS = {
    "aws_cloudtrail": {
        "name",
        "s3_bucket_name",
        "enable_logging",
        "is_multi_region_trail",
        "is_organization_trail",
        "include_global_service_events",
        "enable_log_file_validation",
        "kms_key_id",
        "sns_topic_name",
        "cloud_watch_logs_group_arn",
        "cloud_watch_logs_role_arn",
        "advanced_event_selector",
        "insight_selector",
    },
    "aws_kms_key": {"description", "enable_key_rotation", "deletion_window_in_days", "lifecycle"},
    "aws_kms_alias": {"name", "target_key_id"},
    "aws_kms_key_policy": {"key_id", "policy"},
    "aws_s3_bucket": {"bucket", "object_lock_enabled", "lifecycle"},
    "aws_s3_bucket_public_access_block": {
        "bucket",
        "block_public_acls",
        "ignore_public_acls",
        "block_public_policy",
        "restrict_public_buckets",
    },
    "aws_s3_bucket_ownership_controls": {"bucket", "rule"},
    "aws_s3_bucket_versioning": {"bucket", "versioning_configuration"},
    "aws_s3_bucket_object_lock_configuration": {"bucket", "rule"},
    "aws_s3_bucket_server_side_encryption_configuration": {"bucket", "rule"},
    "aws_s3_bucket_lifecycle_configuration": {"bucket", "rule"},
    "aws_s3_bucket_logging": {"bucket", "target_bucket", "target_prefix"},
    "aws_s3_bucket_policy": {"bucket", "policy"},
    "aws_sns_topic": {"name"},
    "aws_sns_topic_policy": {"arn", "policy"},
    "aws_cloudwatch_log_group": {"name", "retention_in_days"},
    "aws_iam_role": {"name_prefix", "description", "assume_role_policy"},
    "aws_iam_role_policy": {"name", "role", "policy"},
    "data.aws_iam_policy_document": {"statement"},
}
TRAIL = {
    "aws_s3_bucket_policy.trail",
    "aws_s3_bucket_object_lock_configuration.trail",
    "aws_kms_key_policy.trail",
    "aws_sns_topic_policy.trail",
    "aws_iam_role_policy.logs",
}
TRAIL = {
    "name": "TrailName",
    "s3_bucket_name": "S3BucketName",
    "enable_logging": "IsLogging",
    "is_multi_region_trail": "IsMultiRegionTrail",
    "is_organization_trail": "IsOrganizationTrail",
    "include_global_service_events": "IncludeGlobalServiceEvents",
    "enable_log_file_validation": "EnableLogFileValidation",
    "sns_topic_name": "SnsTopicName",
    "cloud_watch_logs_group_arn": "CloudWatchLogsLogGroupArn",
    "advanced_event_selector": "AdvancedEventSelectors",
    "insight_selector": "InsightSelectors",
}
