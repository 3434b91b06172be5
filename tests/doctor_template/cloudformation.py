"""A CloudFormation template as the setup that it makes: intrinsic functions resolved, names of AWS's API.

Knows what the printed template uses, and stops at all else."""

import re

import yaml

from setup import policy, several


class Loader(yaml.SafeLoader):
    pass


def _tagged(loader, name, node):
    kinds = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }
    return {"!" + name: kinds[type(node)](node)}


Loader.add_multi_constructor("!", _tagged)

NOTHING = object()


class Template:
    def __init__(self, text, account, region, partition, given):
        self.template = yaml.load(text, Loader)
        self.resources = self.template["Resources"]
        self.arn = f"arn:{partition}:{{}}:{region}:{account}:{{}}".format
        self.partition = partition
        self.given = {name: given.get(name, of["Default"]) for name, of in self.template["Parameters"].items()}
        for name, of in self.template["Parameters"].items():
            assert self.given[name] in of["AllowedValues"], name
        for name, resource in self.resources.items():
            known = {"Type", "Properties", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy"}
            assert set(resource) <= known, name
            for other in several(resource.get("DependsOn", [])):
                assert other in self.resources, f"{name} depends on {other}, which is not there"

    def of(self, name):
        """The properties of a resource, and whether it outlives its stack."""
        resource = self.resources[name]
        return self.resolve(resource["Properties"]), resource.get("DeletionPolicy") == resource.get("UpdateReplacePolicy") == "Retain"

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        [(key, operand), *more] = value.items()
        if not key.startswith("!"):
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not NOTHING}
        assert not more
        if key == "!If":
            condition, yes, no = operand
            return self.resolve(yes if self.holds(self.template["Conditions"][condition]) else no)
        if key == "!Sub":
            return re.sub(r"\$\{([^}]*)\}", lambda found: self.attribute(found[1]), operand)
        return {"!Ref": self.reference, "!GetAtt": self.attribute}[key](operand)

    def holds(self, condition):
        [(key, operands)] = condition.items()
        if key == "!Not":
            return not self.holds(operands[0])
        assert key == "!Equals", key
        left, right = map(self.resolve, operands)
        return left == right

    def reference(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.given:
            return self.given[name]
        kind = self.resources[name]["Type"]
        what = {"AWS::S3::Bucket": "BucketName", "AWS::SNS::Topic": "Arn", "AWS::KMS::Key": "KeyId"}[kind]
        return self.attribute(f"{name}.{what}")

    def attribute(self, path):
        name, attribute = path.split(".")
        resource = self.resources[name]
        properties = resource["Properties"]
        match resource["Type"], attribute:
            case "AWS::S3::Bucket", "BucketName":
                return properties["BucketName"]
            case "AWS::S3::Bucket", "Arn":
                return f"arn:{self.partition}:s3:::{properties['BucketName']}"
            case "AWS::SNS::Topic", "TopicName":
                return properties["TopicName"]
            case "AWS::SNS::Topic", "Arn":
                return self.arn("sns", properties["TopicName"])
            case "AWS::Logs::LogGroup", "Arn":
                return self.arn("logs", f"log-group:{properties['LogGroupName']}:*")
            case ("AWS::KMS::Key", "KeyId" | "Arn") | ("AWS::IAM::Role", "Arn"):
                return f"{name}.{attribute}"
        raise KeyError(path)


def setup(text, account, region, partition, given):
    template = Template(text, account, region, partition, given)
    kinds = sorted(resource["Type"] for resource in template.resources.values())
    assert kinds == sorted(KINDS), kinds
    trail, _ = template.of("Trail")
    key, key_kept = template.of("Key")
    alias, _ = template.of("KeyAlias")
    topic, _ = template.of("Topic")
    topic_policy, _ = template.of("TopicPolicy")
    group, group_kept = template.of("LogGroup")
    assert group_kept, "the second copy goes with the stack"
    role, _ = template.of("LogsRole")
    [role_policy] = role["Policies"]
    assert topic_policy["Topics"] == [template.reference("Topic")] and alias["TargetKeyId"] == "Key.KeyId"
    assert trail.pop("KMSKeyId") == "Key.Arn" and trail.pop("CloudWatchLogsRoleArn") == "LogsRole.Arn"
    depends = template.resources["Trail"]["DependsOn"]
    assert {"BucketPolicy", "TopicPolicy"} <= set(depends), depends
    assert template.resources["Bucket"]["DependsOn"] == "AccessLogsBucketPolicy"
    return {
        "trail": {**trail, "InsightSelectors": trail.get("InsightSelectors", [])},
        "key": {
            "rotation": key["EnableKeyRotation"],
            "window": key["PendingWindowInDays"],
            "policy": policy(key["KeyPolicy"]),
            "alias": alias["AliasName"],
            "kept": key_kept,
        },
        "bucket": bucket(template, "Bucket", "BucketPolicy"),
        "access logs": bucket(template, "AccessLogsBucket", "AccessLogsBucketPolicy"),
        "topic": {"name": topic["TopicName"], "policy": policy(topic_policy["PolicyDocument"])},
        "log group": {"name": group["LogGroupName"], "days": group["RetentionInDays"]},
        "role": {"trust": policy(role["AssumeRolePolicyDocument"]), "policy": policy(role_policy["PolicyDocument"])},
    }


def bucket(template, name, policy_name):
    properties, kept = template.of(name)
    of_policy, _ = template.of(policy_name)
    assert of_policy["Bucket"] == properties["BucketName"]
    [rule] = properties["OwnershipControls"]["Rules"]
    [encryption] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    [lifecycle] = properties["LifecycleConfiguration"]["Rules"]
    logging = properties.get("LoggingConfiguration")
    lock = properties.get("ObjectLockConfiguration")
    # Where the bucket was not made with it, the configuration is refused.
    assert (lock is None) == (not properties.get("ObjectLockEnabled")) and set(properties) <= BUCKET, set(properties) - BUCKET
    assert lock is None or lock["ObjectLockEnabled"] == "Enabled"
    return {
        "name": properties["BucketName"],
        "kept": kept,
        "access block": properties["PublicAccessBlockConfiguration"],
        "ownership": rule["ObjectOwnership"],
        "versioning": properties["VersioningConfiguration"]["Status"],
        "lock": lock and lock["Rule"]["DefaultRetention"],
        "encryption": encryption["ServerSideEncryptionByDefault"],
        "lifecycle": {
            "ID": lifecycle["Id"],
            "Status": lifecycle["Status"],
            "Transitions": [
                {"Days": each["TransitionInDays"], "StorageClass": each["StorageClass"]}
                for each in lifecycle.get("Transitions", [])
            ],
            "Expiration": {"Days": lifecycle["ExpirationInDays"]},
            "NoncurrentVersionExpiration": lifecycle["NoncurrentVersionExpiration"],
            "AbortIncompleteMultipartUpload": lifecycle["AbortIncompleteMultipartUpload"],
        },
        "logging": logging and {"TargetBucket": logging["DestinationBucketName"], "TargetPrefix": logging["LogFilePrefix"]},
        "policy": policy(of_policy["PolicyDocument"]),
    }


KINDS = [
    "AWS::CloudTrail::Trail",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
]
BUCKET = {
    "BucketName",
    "PublicAccessBlockConfiguration",
    "OwnershipControls",
    "VersioningConfiguration",
    "ObjectLockEnabled",
    "ObjectLockConfiguration",
    "BucketEncryption",
    "LifecycleConfiguration",
    "LoggingConfiguration",
}
