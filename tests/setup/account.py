"""Stands for AWS while a setup is asked for: an account with a trail as it should be, and one of which everything is missing.

All is made through the API, as whoever keeps an account makes it. Prints one line of JSON with the address and the names, and
goes on until its standard input ends.
"""

import json
import logging
import os
import sys

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="eu-central-1")

import boto3
import moto_gaps
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
HOME = "eu-central-1"
if "regions" in sys.argv:
    moto_gaps.list_regions(HOME, "us-east-1", "eu-west-1")
moto_gaps.name_versioning_as_s3_does()


def client(service, region=HOME):
    return boto3.client(service, region_name=region, endpoint_url=URL)


def bucket(name, region=HOME, **more):
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    client("s3", region).create_bucket(Bucket=name, **where, **more)


logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
URL = "http://%s:%d" % server.get_host_and_port()
s3, trails, kms = client("s3"), client("cloudtrail"), client("kms")

# -- the account --
client("organizations").create_organization(FeatureSet="ALL")
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
# An address has no subdomain for each account.
s3control = client("s3control")
s3control.meta.events.register(
    "before-sign.s3-control", lambda request, **_: setattr(request, "url", request.url.replace(f"{ACCOUNT}.", "", 1))
)
s3control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration={**BLOCK, "BlockPublicAcls": False})

# -- a trail as it should be --
bucket("good-logs", ObjectLockEnabledForBucket=True)
bucket("good-access")
bucket("good-copy", "us-east-1")
s3.put_public_access_block(Bucket="good-logs", PublicAccessBlockConfiguration=BLOCK)
arn = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/good"
cloudtrail = {"Service": "cloudtrail.amazonaws.com"}
only_it = {"StringEquals": {"aws:SourceArn": arn}}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Acl", "Effect": "Allow", "Principal": cloudtrail, "Action": "s3:GetBucketAcl",
         "Resource": "arn:aws:s3:::good-logs", "Condition": only_it},
        {"Sid": "Put", "Effect": "Allow", "Principal": cloudtrail, "Action": "s3:PutObject",
         "Resource": f"arn:aws:s3:::good-logs/audit/AWSLogs/{ACCOUNT}/*", "Condition": only_it},
    ],
}
s3.put_bucket_policy(Bucket="good-logs", Policy=json.dumps(POLICY))
s3.put_bucket_ownership_controls(Bucket="good-logs", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
s3.put_bucket_versioning(Bucket="good-logs", VersioningConfiguration={"Status": "Enabled"})
s3.put_bucket_versioning(Bucket="good-copy", VersioningConfiguration={"Status": "Enabled"})
s3.put_object_lock_configuration(
    Bucket="good-logs",
    ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 2}},
    },
)
s3.put_bucket_lifecycle_configuration(
    Bucket="good-logs",
    LifecycleConfiguration={
        "Rules": [
            {"ID": "late", "Status": "Enabled", "Filter": {"Prefix": "audit/"}, "Expiration": {"Days": 800},
             "NoncurrentVersionExpiration": {"NoncurrentDays": 900},
             "Transitions": [{"Days": 120, "StorageClass": "GLACIER_IR"}]},
            {"ID": "tagged", "Status": "Enabled", "Expiration": {"Date": "2031-01-01T00:00:00Z"},
             "Filter": {"And": {"Prefix": "x/", "Tags": [{"Key": "a", "Value": "b"}]}}},
            {"ID": "everything", "Status": "Enabled", "Filter": {"Prefix": ""},
             "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
            {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}},
        ]
    },
)
s3.put_bucket_acl(Bucket="good-access", AccessControlPolicy={
    "Owner": s3.get_bucket_acl(Bucket="good-access")["Owner"],
    "Grants": [
        {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": permission}
        for permission in ("WRITE", "READ_ACP")
    ],
})
s3.put_bucket_logging(
    Bucket="good-logs",
    BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "good-access", "TargetPrefix": "good-logs/"}},
)
key = kms.create_key(Description="the trail's")["KeyMetadata"]["Arn"]
KEY_POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "Trail", "Effect": "Allow", "Principal": cloudtrail,
              "Action": "kms:GenerateDataKey*", "Resource": "*", "Condition": only_it}]}
kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(KEY_POLICY), BypassPolicyLockoutSafetyCheck=True)
kms.enable_key_rotation(KeyId=key)
s3.put_bucket_encryption(
    Bucket="good-logs",
    ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]
    },
)
s3.put_bucket_replication(
    Bucket="good-logs",
    ReplicationConfiguration={
        "Role": f"arn:aws:iam::{ACCOUNT}:role/copies",
        "Rules": [
            {"ID": name, "Priority": at, "Filter": {"Prefix": ""}, "Status": status,
             "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": f"arn:aws:s3:::{to}"}}
            for at, (name, status, to) in enumerate([("on", "Enabled", "good-copy"), ("off", "Disabled", "good-access")], 1)
        ],
    },
)
topic = client("sns").create_topic(Name="good-topic")["TopicArn"]
TOPIC_POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "Trail & <all>", "Effect": "Allow", "Principal": cloudtrail,
                "Action": "SNS:Publish", "Resource": topic, "Condition": only_it}]}
client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(TOPIC_POLICY))
client("logs").create_log_group(logGroupName="good")
group = f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:good:*"
trails.create_trail(
    Name="good", S3BucketName="good-logs", S3KeyPrefix="audit", SnsTopicName="good-topic", IncludeGlobalServiceEvents=True,
    IsMultiRegionTrail=True, EnableLogFileValidation=True, CloudWatchLogsLogGroupArn=group,
    CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/trail", KmsKeyId=key, IsOrganizationTrail=True,
)
trails.put_event_selectors(TrailName="good", AdvancedEventSelectors=[
    {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
    {"Name": "objects", "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::good-access/"], "EndsWith": [".gz", ".json"]},
    ]},
])
trails.put_insight_selectors(TrailName="good", InsightSelectors=[{"InsightType": "ApiCallRateInsight"}])
trails.start_logging(Name="good")

# -- a trail of which everything is missing, in another region --
bucket("bare-logs", "us-east-1")
elsewhere = client("cloudtrail", "us-east-1")
elsewhere.create_trail(Name="bare", S3BucketName="bare-logs", IncludeGlobalServiceEvents=False)
elsewhere.put_event_selectors(TrailName="bare", EventSelectors=[
    {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"],
     "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]},
])
client("s3", "us-east-1").put_bucket_acl(Bucket="bare-logs", ACL="public-read")
client("s3", "us-east-1").delete_bucket_encryption(Bucket="bare-logs")
elsewhere.start_logging(Name="bare")
elsewhere.stop_logging(Name="bare")

# -- a trail whose bucket, key and topic are gone, in a third --
west = client("cloudtrail", "eu-west-1")
bucket("gone-logs", "eu-west-1")
gone_topic = client("sns", "eu-west-1").create_topic(Name="gone")["TopicArn"]
gone_key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
west.create_trail(Name="gone", S3BucketName="gone-logs", SnsTopicName="gone", KmsKeyId=gone_key)
client("s3", "eu-west-1").delete_bucket(Bucket="gone-logs")
client("sns", "eu-west-1").delete_topic(TopicArn=gone_topic)

made = {"url": URL, "key": key, "topic": topic, "gone_key": gone_key, "policy": json.dumps(POLICY),
        "key_policy": json.dumps(KEY_POLICY), "topic_policy": json.dumps(TOPIC_POLICY)}
print(json.dumps(made), flush=True)
sys.stdin.read()
server.stop()
