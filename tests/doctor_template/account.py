"""An account of moto: what a setup says is made in it through AWS's API, and what is there is read back in the same form."""

import ast
import json

import boto3
from setup import policy, rendered


class Account:
    def __init__(self, endpoint, region):
        credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        client = lambda name: boto3.client(name, region_name=region, endpoint_url=endpoint, **credentials)
        self.s3, self.sns, self.kms, self.logs = client("s3"), client("sns"), client("kms"), client("logs")
        self.iam, self.trails, self.stacks = client("iam"), client("cloudtrail"), client("cloudformation")
        self.region = region

    def make(self, setup):
        """Everything, in the order in which either tool would make it."""
        self.make_key(setup["key"])
        for name in ["access logs", "bucket"]:
            self.make_bucket(setup[name])
            self.set_up_bucket(setup[name])
        self.sns.create_topic(Name=setup["topic"]["name"])
        self.set_topic_policy(setup["topic"])
        self.logs.create_log_group(logGroupName=setup["log group"]["name"])
        self.logs.put_retention_policy(logGroupName=setup["log group"]["name"], retentionInDays=setup["log group"]["days"])
        role = setup["role"]
        self.role = self.iam.create_role(RoleName="logs", AssumeRolePolicyDocument=rendered(role["trust"]))["Role"]["Arn"]
        self.iam.put_role_policy(RoleName="logs", PolicyName="write", PolicyDocument=rendered(role["policy"]))
        self.make_trail(setup["trail"])

    def make_key(self, wanted):
        made = self.kms.create_key(Policy=rendered(wanted["policy"]))
        self.key = made["KeyMetadata"]["Arn"]
        self.kms.create_alias(AliasName=wanted["alias"], TargetKeyId=self.key)
        if wanted["rotation"]:
            self.kms.enable_key_rotation(KeyId=self.key)

    def make_bucket(self, wanted):
        where = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.s3.create_bucket(Bucket=wanted["name"], ObjectLockEnabledForBucket=bool(wanted["lock"]), **where)
        rule = {"ApplyServerSideEncryptionByDefault": wanted["encryption"]}
        self.s3.put_bucket_encryption(Bucket=wanted["name"], ServerSideEncryptionConfiguration={"Rules": [rule]})

    def set_up_bucket(self, wanted):
        """What moto's CloudFormation does not."""
        s3, of = self.s3, {"Bucket": wanted["name"]}
        s3.put_public_access_block(**of, PublicAccessBlockConfiguration=wanted["access block"])
        s3.put_bucket_ownership_controls(**of, OwnershipControls={"Rules": [{"ObjectOwnership": wanted["ownership"]}]})
        s3.put_bucket_versioning(**of, VersioningConfiguration={"Status": wanted["versioning"]})
        if wanted["lock"]:
            lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": wanted["lock"]}}
            s3.put_object_lock_configuration(**of, ObjectLockConfiguration=lock)
        rule = {name: value for name, value in wanted["lifecycle"].items() if value != []}
        s3.put_bucket_lifecycle_configuration(**of, LifecycleConfiguration={"Rules": [{**rule, "Filter": {"Prefix": ""}}]})
        s3.put_bucket_policy(**of, Policy=rendered(wanted["policy"]))
        if wanted["logging"]:
            s3.put_bucket_logging(**of, BucketLoggingStatus={"LoggingEnabled": wanted["logging"]})

    def set_topic_policy(self, wanted):
        arn = self.sns.create_topic(Name=wanted["name"])["TopicArn"]
        self.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=rendered(wanted["policy"]))

    def make_trail(self, wanted):
        self.trails.create_trail(
            Name=wanted["TrailName"],
            S3BucketName=wanted["S3BucketName"],
            SnsTopicName=wanted["SnsTopicName"],
            IncludeGlobalServiceEvents=wanted["IncludeGlobalServiceEvents"],
            IsMultiRegionTrail=wanted["IsMultiRegionTrail"],
            IsOrganizationTrail=wanted["IsOrganizationTrail"],
            EnableLogFileValidation=wanted["EnableLogFileValidation"],
            CloudWatchLogsLogGroupArn=wanted["CloudWatchLogsLogGroupArn"],
            CloudWatchLogsRoleArn=self.role,
            KmsKeyId=self.key,
        )
        name = wanted["TrailName"]
        self.trails.put_event_selectors(TrailName=name, AdvancedEventSelectors=wanted["AdvancedEventSelectors"])
        if wanted["InsightSelectors"]:
            self.trails.put_insight_selectors(TrailName=name, InsightSelectors=wanted["InsightSelectors"])
        if wanted["IsLogging"]:
            self.trails.start_logging(Name=name)

    def deploy(self, template, setup, given):
        """By moto's CloudFormation as far as it goes, and through the API from there on. Returns what it left out."""
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
        # It cannot take an output of what it does not make.
        body, _, outputs = template.partition("\nOutputs:\n")
        assert "Trail.Arn" in outputs
        self.stacks.create_stack(StackName="trail", TemplateBody=body, Parameters=parameters)
        made = self.stacks.describe_stack_resources(StackName="trail")["StackResources"]
        made = {each["LogicalResourceId"]: each for each in made if "LogicalResourceId" in each}
        # It keeps the key's policy as what it parsed, of which its own KMS wants the text.
        of_key = {"KeyId": made["Key"]["PhysicalResourceId"], "PolicyName": "default"}
        self.kms.put_key_policy(**of_key, Policy=json.dumps(self.kms.get_key_policy(**of_key)["Policy"]))
        self.key = self.kms.describe_key(KeyId=made["Key"]["PhysicalResourceId"])["KeyMetadata"]["Arn"]
        self.role = self.iam.get_role(RoleName=made["LogsRole"]["PhysicalResourceId"])["Role"]["Arn"]
        left = ["AWS::S3::Bucket, but for its name and, where there is no Object Lock, its encryption"]
        for name in ["access logs", "bucket"]:
            # Object Lock comes with the bucket or not at all.
            if setup[name]["lock"]:
                self.s3.delete_bucket(Bucket=setup[name]["name"])
                self.make_bucket(setup[name])
            self.set_up_bucket(setup[name])
        if "TopicPolicy" not in made:
            left.append("AWS::SNS::TopicPolicy")
            self.set_topic_policy(setup["topic"])
        if "BucketPolicy" not in made:
            left.append("AWS::S3::BucketPolicy")
        if "Trail" not in made:
            left.append("AWS::CloudTrail::Trail")
            self.make_trail(setup["trail"])
        return left

    def look(self, setup):
        """What is there under the names of a setup, in its form."""
        key, topic, group = setup["key"], setup["topic"], setup["log group"]
        [alias] = [each for each in self.kms.list_aliases()["Aliases"] if each["AliasName"] == key["alias"]]
        assert self.key.endswith(alias["TargetKeyId"].split("/")[-1]), alias
        arn = self.sns.create_topic(Name=topic["name"])["TopicArn"]
        attributes = self.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        [of_group] = self.logs.describe_log_groups(logGroupNamePrefix=group["name"])["logGroups"]
        role = self.role.split("/")[-1]
        return {
            "trail": self.look_at_trail(setup["trail"]["TrailName"]),
            "key": {
                "rotation": self.kms.get_key_rotation_status(KeyId=self.key)["KeyRotationEnabled"],
                "policy": policy(json.loads(self.kms.get_key_policy(KeyId=self.key, PolicyName="default")["Policy"])),
                "alias": alias["AliasName"],
            },
            "bucket": self.look_at_bucket(setup["bucket"]["name"]),
            "access logs": self.look_at_bucket(setup["access logs"]["name"]),
            "topic": {"name": arn.split(":")[-1], "policy": policy(json.loads(attributes["Policy"]))},
            "log group": {"name": of_group["logGroupName"], "days": of_group["retentionInDays"]},
            "role": {
                "trust": policy(parsed(self.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])),
                "policy": policy(parsed(self.iam.get_role_policy(RoleName=role, PolicyName="write")["PolicyDocument"])),
            },
        }

    def look_at_trail(self, name):
        trail = self.trails.get_trail(Name=name)["Trail"]
        selectors = self.trails.get_event_selectors(TrailName=name)
        assert not selectors.get("EventSelectors"), "either kind of selectors, never both"
        assert trail["KmsKeyId"] == self.key and trail["CloudWatchLogsRoleArn"] == self.role
        return {
            "TrailName": trail["Name"],
            "S3BucketName": trail["S3BucketName"],
            "SnsTopicName": trail["SnsTopicName"],
            "IsLogging": self.trails.get_trail_status(Name=name)["IsLogging"],
            "IsMultiRegionTrail": trail["IsMultiRegionTrail"],
            "IsOrganizationTrail": trail["IsOrganizationTrail"],
            "IncludeGlobalServiceEvents": trail["IncludeGlobalServiceEvents"],
            "EnableLogFileValidation": trail["LogFileValidationEnabled"],
            "CloudWatchLogsLogGroupArn": trail["CloudWatchLogsLogGroupArn"],
            "AdvancedEventSelectors": selectors["AdvancedEventSelectors"],
            "InsightSelectors": self.trails.get_insight_selectors(TrailName=name).get("InsightSelectors", []),
        }

    def look_at_bucket(self, name):
        s3, of = self.s3, {"Bucket": name}
        try:
            lock = s3.get_object_lock_configuration(**of)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        except s3.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError", error
            lock = None
        [lifecycle] = s3.get_bucket_lifecycle_configuration(**of)["Rules"]
        assert lifecycle.pop("Filter") == {"Prefix": ""}
        [ownership] = s3.get_bucket_ownership_controls(**of)["OwnershipControls"]["Rules"]
        [encryption] = s3.get_bucket_encryption(**of)["ServerSideEncryptionConfiguration"]["Rules"]
        return {
            "name": name,
            "access block": s3.get_public_access_block(**of)["PublicAccessBlockConfiguration"],
            "ownership": ownership["ObjectOwnership"],
            "versioning": s3.get_bucket_versioning(**of)["Status"],
            # Of days and years, moto tells that which is not there as none of them.
            "lock": lock and {name: value for name, value in lock.items() if value != 0},
            "encryption": encryption["ApplyServerSideEncryptionByDefault"],
            "lifecycle": {"Transitions": [], **lifecycle},
            "logging": s3.get_bucket_logging(**of).get("LoggingEnabled"),
            "policy": policy(json.loads(s3.get_bucket_policy(**of)["Policy"])),
        }


def parsed(document):
    """An inline policy that moto's CloudFormation made is told as Python writes it, and not as JSON."""
    return ast.literal_eval(document) if isinstance(document, str) else document
