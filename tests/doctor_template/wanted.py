"""The setup that both templates are to make, written out once more: from what the checks ask, and not from the templates."""

from setup import policy


def wanted(names, insights, data_events):
    trail, bucket, account, region = names["trail-name"], names["bucket"], names["account-id"], names["region"]
    days, organization, partition = int(names["retention-days"]), names.get("organization-id"), names["partition"]
    arn = f"arn:{partition}:cloudtrail:{region}:{account}:trail/{trail}"
    any_trail = f"arn:{partition}:cloudtrail:*:{account}:trail/*"
    bucket_arn, logs_arn = f"arn:{partition}:s3:::{bucket}", f"arn:{partition}:s3:::{bucket}-access-logs"
    group_arn = f"arn:{partition}:logs:{region}:{account}:log-group:/cloudtrail/{trail}"
    topic = "cloudtrail-" + trail.replace(".", "-")
    root = {"AWS": f"arn:{partition}:iam::{account}:root"}
    cloudtrail = {"Service": "cloudtrail.amazonaws.com"}
    of_the_trail = {"aws:SourceArn": arn}
    folders = [account, *([organization] if organization else [])]
    streams = [f"{account}_CloudTrail_{region}*", *([f"{organization}_*"] if organization else [])]
    expiry = days + 30
    return {
        "trail": {
            "TrailName": trail,
            "S3BucketName": bucket,
            "SnsTopicName": topic,
            "IsLogging": True,
            "IsMultiRegionTrail": True,
            "IsOrganizationTrail": bool(organization),
            "IncludeGlobalServiceEvents": True,
            "EnableLogFileValidation": True,
            "CloudWatchLogsLogGroupArn": f"{group_arn}:*",
            "AdvancedEventSelectors": [
                # Without readOnly: read and write. Without eventSource: of all services.
                {"Name": "Management events", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
                *objects(bucket_arn, data_events),
            ],
            "InsightSelectors": [
                {"InsightType": kind} for kind in (["ApiCallRateInsight", "ApiErrorRateInsight"] if insights else [])
            ],
        },
        "key": {
            "rotation": True,
            "window": 30,
            "alias": f"alias/cloudtrail/{trail.replace('.', '-')}",
            "kept": True,
            "policy": statements(
                allow("AccountAdministers", root, ADMINISTERING, "*"),
                allow(
                    "AccountDecryptsLogFiles",
                    root,
                    ["kms:Decrypt", "kms:ReEncryptFrom"],
                    "*",
                    StringLike={"kms:EncryptionContext:aws:cloudtrail:arn": any_trail},
                ),
                allow(
                    "CloudTrailEncrypts",
                    cloudtrail,
                    "kms:GenerateDataKey*",
                    "*",
                    StringEquals=of_the_trail,
                    StringLike={"kms:EncryptionContext:aws:cloudtrail:arn": any_trail},
                ),
                allow("CloudTrailDescribes", cloudtrail, "kms:DescribeKey", "*", StringEquals=of_the_trail),
            ),
        },
        "bucket": {
            **either_bucket(bucket),
            "lock": {"Mode": "COMPLIANCE", "Days": days},
            "lifecycle": lifecycle(days, expiry, archived=expiry >= 180),
            "logging": {"TargetBucket": f"{bucket}-access-logs", "TargetPrefix": f"{bucket}/"},
            "policy": statements(
                allow("CloudTrailAsksForTheAcl", cloudtrail, "s3:GetBucketAcl", bucket_arn, StringEquals=of_the_trail),
                allow(
                    "CloudTrailDelivers",
                    cloudtrail,
                    "s3:PutObject",
                    [f"{bucket_arn}/AWSLogs/{folder}/*" for folder in folders],
                    StringEquals={"s3:x-amz-acl": "bucket-owner-full-control", **of_the_trail},
                ),
                nothing_without_tls(bucket_arn),
            ),
        },
        "access logs": {
            **either_bucket(f"{bucket}-access-logs"),
            # S3 delivers no access logs into a bucket with a default retention.
            "lock": None,
            "lifecycle": lifecycle(days, expiry, archived=False),
            "logging": None,
            "policy": statements(
                allow(
                    "S3DeliversAccessLogs",
                    {"Service": "logging.s3.amazonaws.com"},
                    "s3:PutObject",
                    f"{logs_arn}/{bucket}/*",
                    ArnLike={"aws:SourceArn": bucket_arn},
                    StringEquals={"aws:SourceAccount": account},
                ),
                nothing_without_tls(logs_arn),
            ),
        },
        "topic": {
            "name": topic,
            "policy": statements(
                allow(
                    "CloudTrailTells",
                    cloudtrail,
                    "sns:Publish",
                    f"arn:{partition}:sns:{region}:{account}:{topic}",
                    StringEquals=of_the_trail,
                )
            ),
        },
        "log group": {"name": f"/cloudtrail/{trail}", "days": names["log days"]},
        "role": {
            "trust": statements({"Effect": "Allow", "Principal": cloudtrail, "Action": "sts:AssumeRole"}),
            "policy": statements(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [f"{group_arn}:log-stream:{stream}" for stream in streams],
                }
            ),
        },
    }


def seen(setup):
    """What of it can be seen through the API."""
    hidden = {"kept", "window"}
    return {part: {name: value for name, value in of.items() if name not in hidden} for part, of in setup.items()}


def objects(bucket_arn, data_events):
    if data_events == "none":
        return []
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    ]
    if data_events == "bucket":
        fields.append({"Field": "resources.ARN", "StartsWith": [f"{bucket_arn}/"]})
    return [{"Name": "S3 objects", "FieldSelectors": fields}]


def either_bucket(name):
    return {
        "name": name,
        "kept": True,
        "access block": {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
        "ownership": "BucketOwnerEnforced",
        "versioning": "Enabled",
        "encryption": {"SSEAlgorithm": "AES256"},
    }


def lifecycle(days, expiry, archived):
    return {
        "ID": "retention",
        "Status": "Enabled",
        "Transitions": [{"Days": 90, "StorageClass": "GLACIER_IR"}] if archived else [],
        "Expiration": {"Days": expiry},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }


def nothing_without_tls(arn):
    return {
        "Sid": "NothingWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def allow(sid, principal, action, resource, **condition):
    made = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def statements(*each):
    return policy({"Version": "2012-10-17", "Statement": list(each)})


# Whatever administers, and nothing that encrypts or decrypts.
ADMINISTERING = [
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
]
