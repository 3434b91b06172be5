"""Stands for AWS while the program examines an account: a trail as it should be, with one thing spoilt at a time.

All is made through the API, as whoever keeps an account makes it. Prints the address; then, for each line of standard input,
makes the account anew: `spoil NAME` with that spoilt (`spoil good` with nothing), `deny ACTION` refuses one action from then on, and
prints a line when that is done, and `asked` prints the actions that were asked for since. Ends with its standard input.
"""

import io
import json
import logging
import os
import sys
import threading
import urllib.request

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1")
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "setup"))

import boto3
import moto_gaps
from moto.cloudtrail.models import TrailStatus
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

ACCOUNT, HOME = "123456789012", "us-east-1"
ARN = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/main"
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
ONLY_IT = {"StringEquals": {"aws:SourceArn": ARN}}
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}

# -- what moto has not ------------------------------------------------------------------------------------------------

asked, denied, status = set(), set(), {}

moto_gaps.list_regions(HOME, "eu-west-1")
moto_gaps.name_versioning_as_s3_does()


# It delivers nothing: what CloudTrail would tell of its deliveries is said here.
def description(self, whole=TrailStatus.description):
    said = whole(self)
    now = said.get("LatestDeliveryTime", 0)
    if self.is_logging:
        said.update(StartLoggingTime=now - 86_400, LatestDigestDeliveryTime=now - 600, LatestCloudWatchLogsDeliveryTime=now - 60)
        said.update(LatestNotificationTime=now - 60)
    said.update(status)
    return {name: value for name, value in said.items() if value is not None}


TrailStatus.description = description

QUERIES = {
    "policy": "GetBucketPolicy", "policyStatus": "GetBucketPolicyStatus", "acl": "GetBucketAcl", "versioning": "GetBucketVersioning",
    "lifecycle": "GetLifecycleConfiguration", "logging": "GetBucketLogging", "encryption": "GetEncryptionConfiguration",
    "replication": "GetReplicationConfiguration", "object-lock": "GetBucketObjectLockConfiguration",
    "ownershipControls": "GetBucketOwnershipControls", "publicAccessBlock": "GetBucketPublicAccessBlock",
}


def action(environ):
    """The permission that a request takes."""
    target, path = environ.get("HTTP_X_AMZ_TARGET", ""), environ.get("PATH_INFO", "")
    if target:
        service = {"Trent": "kms", "AWSO": "organizations"}.get(target[:4] if target.startswith("AWSO") else target[:5], "cloudtrail")
        return f"{service}:{target.split('.')[-1]}"
    if path.endswith("/configuration/publicAccessBlock"):
        return "s3:GetAccountPublicAccessBlock"
    if path == "/listRegions":
        return "account:ListRegions"
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        named = dict(part.split("=", 1) for part in body.decode().split("&") if "=" in part).get("Action", "")
        return f"{'sts' if named == 'GetCallerIdentity' else 'sns'}:{named}"
    for part in environ.get("QUERY_STRING", "").split("&"):
        if part.split("=")[0] in QUERIES:
            return f"s3:{QUERIES[part.split('=')[0]]}"
    return "s3:ListBucket"


class Judged:
    """moto behind a door that refuses what is denied, in the words of the service. Python's own requests come in by another."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, environ, start_response):
        if "aws-sdk-rust" not in environ.get("HTTP_USER_AGENT", "") and "trailseal" not in environ.get("HTTP_USER_AGENT", ""):
            return self.inner(environ, start_response)
        wanted = action(environ)
        asked.add(wanted)
        if wanted not in denied:
            return self.inner(environ, start_response)
        if wanted.split(":")[0] in ("s3", "sns"):
            kind, body = "text/xml", "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            if wanted.startswith("sns"):
                body = "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>"
        else:
            kind, body = "application/x-amz-json-1.1", json.dumps({"__type": "AccessDeniedException", "message": "no"})
        start_response("403 Forbidden", [("Content-Type", kind), ("x-amzn-errortype", "AccessDeniedException")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body.encode()]


logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, Judged(DomainDispatcherApplication(create_backend_app)), threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"

# -- the account ------------------------------------------------------------------------------------------------------


def client(service):
    return boto3.client(service, region_name=HOME, endpoint_url=URL)


def allow(principal, action, resource, condition=None):
    said = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return {**said, "Condition": condition} if condition else said


def statements():
    own = {"StringEquals": {**ONLY_IT["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}}
    return [
        allow(CLOUDTRAIL, "s3:GetBucketAcl", "arn:aws:s3:::logs", ONLY_IT),
        allow(CLOUDTRAIL, "s3:PutObject", f"arn:aws:s3:::logs/AWSLogs/{ACCOUNT}/*", own),
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]


def good(spoilt):
    """The account, with that spoilt which is spoilt while it is made."""
    s3, kms, trails = client("s3"), client("kms"), client("cloudtrail")
    s3.create_bucket(Bucket="logs", ObjectLockEnabledForBucket=spoilt != "no-lock")
    s3.create_bucket(Bucket="access")
    s3.put_public_access_block(Bucket="logs", PublicAccessBlockConfiguration=BLOCK)
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements()}))
    s3.put_bucket_ownership_controls(Bucket="logs", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    s3.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    if spoilt != "no-lock":
        lock = {"Mode": "COMPLIANCE", "Days": 365}
        s3.put_object_lock_configuration(
            Bucket="logs", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": lock}}
        )
    s3.put_bucket_lifecycle_configuration(Bucket="logs", LifecycleConfiguration={"Rules": [
        {"ID": "late", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}}]})
    s3.put_bucket_acl(Bucket="access", AccessControlPolicy={
        "Owner": s3.get_bucket_acl(Bucket="access")["Owner"],
        "Grants": [{"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": granted}
                   for granted in ("WRITE", "READ_ACP")]})
    s3.put_bucket_logging(Bucket="logs", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "access", "TargetPrefix": "logs/"}})
    s3.put_bucket_encryption(Bucket="logs", ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})
    key = kms.create_key(Description="the trail's")["KeyMetadata"]["Arn"]
    kms.put_key_policy(KeyId=key, PolicyName="default", BypassPolicyLockoutSafetyCheck=True, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "kms:*", "*"),
                                               allow(CLOUDTRAIL, "kms:GenerateDataKey*", "*", ONLY_IT)]}))
    kms.enable_key_rotation(KeyId=key)
    topic = client("sns").create_topic(Name="logs")["TopicArn"]
    client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
        "Version": "2012-10-17", "Statement": [allow(CLOUDTRAIL, "SNS:Publish", topic, ONLY_IT)]}))
    client("logs").create_log_group(logGroupName="main")
    parts = {"no-key": {"KmsKeyId": key}, "no-topic": {"SnsTopicName": "logs"}, "no-log-group": {
        "CloudWatchLogsLogGroupArn": f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:main:*",
        "CloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/trail"}}
    named = {name: value for part, names in parts.items() if part != spoilt for name, value in names.items()}
    trails.create_trail(
        Name="main", S3BucketName="logs", IncludeGlobalServiceEvents=True, IsMultiRegionTrail=True, EnableLogFileValidation=True,
        **named)
    select(MANAGEMENT, DATA)
    if spoilt != "no-insights":
        trails.put_insight_selectors(TrailName="main", InsightSelectors=[
            {"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}])
    trails.start_logging(Name="main")
    return key, topic


MANAGEMENT = {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
DATA = {"Name": "objects", "FieldSelectors": [
    {"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}


def select(*selectors):
    client("cloudtrail").put_event_selectors(TrailName="main", AdvancedEventSelectors=list(selectors))


def policy(*said):
    client("s3").put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": list(said)}))


def trail(**said):
    client("cloudtrail").update_trail(Name="main", **said)


def expire(**said):
    client("s3").put_bucket_lifecycle_configuration(Bucket="logs", LifecycleConfiguration={"Rules": [
        {"ID": "early", "Status": "Enabled", "Filter": {"Prefix": ""}, **said}]})


def narrowed(field, **said):
    selector = json.loads(json.dumps(MANAGEMENT))
    selector["FieldSelectors"].append({"Field": field, **said})
    select(selector, DATA)


def gone():
    client("s3").delete_bucket(Bucket="logs")


def public():
    client("s3").delete_public_access_block(Bucket="logs")
    policy(*statements(), allow("*", "s3:GetObject", "arn:aws:s3:::logs/*"))


def second_trail():
    client("cloudtrail").create_trail(Name="second", S3BucketName="logs", IsMultiRegionTrail=True, IncludeGlobalServiceEvents=True,
                                      EnableLogFileValidation=True)
    client("cloudtrail").put_event_selectors(TrailName="second", AdvancedEventSelectors=[MANAGEMENT])
    client("cloudtrail").start_logging(Name="second")


def organization(recorded):
    client("organizations").create_organization(FeatureSet="ALL")
    trail(IsOrganizationTrail=recorded)


# What is spoilt, by its name; `status` is what CloudTrail would tell of its deliveries.
SPOILT = {
    "good": lambda key, topic: None,
    "validation-off": lambda key, topic: trail(EnableLogFileValidation=False),
    "stopped": lambda key, topic: client("cloudtrail").stop_logging(Name="main"),
    "one-region": lambda key, topic: trail(IsMultiRegionTrail=False, IncludeGlobalServiceEvents=True),
    "no-global-events": lambda key, topic: trail(IncludeGlobalServiceEvents=False, IsMultiRegionTrail=False),
    "two-trails": lambda key, topic: second_trail(),
    "organization": lambda key, topic: organization(False),
    "organization-recorded": lambda key, topic: organization(True),
    "write-only": lambda key, topic: narrowed("readOnly", Equals=["false"]),
    "no-kms-events": lambda key, topic: narrowed("eventSource", NotEquals=["kms.amazonaws.com"]),
    "no-data-events": lambda key, topic: select(MANAGEMENT),
    "no-insights": lambda key, topic: None,
    "no-key": lambda key, topic: None,
    "no-log-group": lambda key, topic: status.update(LatestCloudWatchLogsDeliveryTime=None),
    "no-topic": lambda key, topic: None,
    "key-disabled": lambda key, topic: client("kms").disable_key(KeyId=key.split("/")[-1]),
    "key-closed": lambda key, topic: client("kms").put_key_policy(
        KeyId=key, PolicyName="default", BypassPolicyLockoutSafetyCheck=True,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "kms:*", "*")]})),
    "key-not-rotated": lambda key, topic: client("kms").disable_key_rotation(KeyId=key),
    "log-error": lambda key, topic: status.update(LatestDeliveryError="AccessDenied"),
    "digest-error": lambda key, topic: status.update(LatestDigestDeliveryError="AccessDenied"),
    "digest-overdue": lambda key, topic: status.update(LatestDigestDeliveryTime=1_700_000_000),
    "log-group-error": lambda key, topic: status.update(LatestCloudWatchLogsDeliveryError="AccessDenied"),
    "topic-error": lambda key, topic: status.update(LatestNotificationError="AuthorizationError"),
    "bucket-gone": lambda key, topic: gone(),
    "no-access-block": lambda key, topic: client("s3").delete_public_access_block(Bucket="logs"),
    "public": lambda key, topic: public(),
    "no-policy": lambda key, topic: client("s3").delete_bucket_policy(Bucket="logs"),
    "no-source": lambda key, topic: policy(*[{**said, "Condition": {}} if said["Effect"] == "Allow" else said for said in statements()]),
    "writer": lambda key, topic: policy(*statements(), allow({"AWS": "arn:aws:iam::999999999999:root"}, "s3:*", "arn:aws:s3:::logs/*")),
    "no-tls": lambda key, topic: policy(*statements()[:2]),
    "no-versioning": lambda key, topic: client("s3").put_bucket_versioning(
        Bucket="logs", VersioningConfiguration={"Status": "Suspended"}),
    "no-lock": lambda key, topic: None,
    "expires": lambda key, topic: expire(Expiration={"Days": 30}),
    "archived": lambda key, topic: expire(Transitions=[{"Days": 30, "StorageClass": "DEEP_ARCHIVE"}]),
    "no-access-log": lambda key, topic: client("s3").put_bucket_logging(Bucket="logs", BucketLoggingStatus={}),
    "no-encryption": lambda key, topic: client("s3").delete_bucket_encryption(Bucket="logs"),
    "acls-count": lambda key, topic: client("s3").delete_bucket_ownership_controls(Bucket="logs"),
}


def anew(name):
    denied.clear()
    status.clear()
    urllib.request.urlopen(urllib.request.Request(f"{URL}/moto-api/reset", method="POST"), data=b"").read()
    SPOILT[name](*good(name))
    asked.clear()


print(json.dumps({"url": URL, "spoilt": list(SPOILT)}), flush=True)
for line in sys.stdin:
    verb, _, rest = line.strip().partition(" ")
    if verb == "spoil":
        anew(rest)
    elif verb == "deny":
        denied.clear()
        denied.add(rest)
    print(json.dumps(sorted(asked)), flush=True)
