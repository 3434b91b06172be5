# A trail whose log files can be trusted, as `trailseal doctor` checks it. Printed by trailseal.
#
# Object Lock in compliance mode: for @DAYS@ days nobody, not even the root user, can delete what lies in the bucket, and
# neither can the bucket be deleted. Read it before you apply it.
@organization@# To be applied in the management account, where CloudTrail has trusted access to the organization
@organization@# (aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com).

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region              = "@REGION@"
  allowed_account_ids = ["@ACCOUNT@"]
}

variable "insights" {
  description = "Whether unusual activity is recorded (Insights). It is paid for by the number of events."
  type        = bool
  default     = true
}

variable "s3_data_events" {
  description = "Whose reads and writes of objects are recorded: none, bucket (the trail's own alone), or all (of every bucket, which may cost much)."
  type        = string
  default     = "bucket"
  validation {
    condition     = contains(["none", "bucket", "all"], var.s3_data_events)
    error_message = "Write none, bucket or all."
  }
}

locals {
  # Written out and not referred to: the policies that speak of the trail must be there before it.
  trail_arn = "arn:@PARTITION@:cloudtrail:@REGION@:@ACCOUNT@:trail/@TRAIL@"
}

# -- the trail ------------------------------------------------------------------------------------------------------

resource "aws_cloudtrail" "trail" {
  name                          = "@TRAIL@"
  s3_bucket_name                = aws_s3_bucket.trail.id
  enable_logging                = true
  is_multi_region_trail         = true
@organization@  is_organization_trail         = true
@account@  is_organization_trail         = false
  include_global_service_events = true
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.trail.arn
  sns_topic_name                = aws_sns_topic.trail.name
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.trail.arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.logs.arn

  advanced_event_selector {
    name = "Management events"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  dynamic "advanced_event_selector" {
    for_each = var.s3_data_events == "none" ? [] : ["S3 objects"]
    content {
      name = advanced_event_selector.value
      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }
      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }
      dynamic "field_selector" {
        for_each = var.s3_data_events == "bucket" ? ["${aws_s3_bucket.trail.arn}/"] : []
        content {
          field       = "resources.ARN"
          starts_with = [field_selector.value]
        }
      }
    }
  }

  dynamic "insight_selector" {
    for_each = var.insights ? ["ApiCallRateInsight", "ApiErrorRateInsight"] : []
    content {
      insight_type = insight_selector.value
    }
  }

  # CloudTrail tries whether it may deliver when the trail is made, and what is delivered first is to be locked already.
  depends_on = [
    aws_s3_bucket_policy.trail,
    aws_s3_bucket_object_lock_configuration.trail,
    aws_s3_bucket_server_side_encryption_configuration.trail,
    aws_s3_bucket_logging.trail,
    aws_kms_key_policy.trail,
    aws_sns_topic_policy.trail,
    aws_iam_role_policy.logs,
  ]
}

# -- the key --------------------------------------------------------------------------------------------------------

resource "aws_kms_key" "trail" {
  description             = "Log files and digest files of the trail @TRAIL@"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "trail" {
  name          = "alias/cloudtrail/@SLUG@"
  target_key_id = aws_kms_key.trail.key_id
}

resource "aws_kms_key_policy" "trail" {
  key_id = aws_kms_key.trail.key_id
  policy = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "key" {
  statement {
    sid = "AccountAdministers"
    actions = [
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
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:@PARTITION@:iam::@ACCOUNT@:root"]
    }
  }
  # Whom in the account, its IAM policies say.
  statement {
    sid       = "AccountDecryptsLogFiles"
    actions   = ["kms:Decrypt", "kms:ReEncryptFrom"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:@PARTITION@:iam::@ACCOUNT@:root"]
    }
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:cloudtrail:arn"
      values   = ["arn:@PARTITION@:cloudtrail:*:@ACCOUNT@:trail/*"]
    }
  }
  statement {
    sid       = "CloudTrailEncrypts"
    actions   = ["kms:GenerateDataKey*"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:cloudtrail:arn"
      values   = ["arn:@PARTITION@:cloudtrail:*:@ACCOUNT@:trail/*"]
    }
  }
  statement {
    sid       = "CloudTrailDescribes"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}

# -- the bucket -----------------------------------------------------------------------------------------------------

resource "aws_s3_bucket" "trail" {
  bucket              = "@BUCKET@"
  object_lock_enabled = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "trail" {
  bucket                  = aws_s3_bucket.trail.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "trail" {
  bucket = aws_s3_bucket.trail.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "trail" {
  bucket = aws_s3_bucket.trail.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "trail" {
  bucket = aws_s3_bucket.trail.id
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = @DAYS@
    }
  }

  depends_on = [aws_s3_bucket_versioning.trail]
}

# The default alone, of what comes without the trail's key; it asks for no other key that CloudTrail may not use.
resource "aws_s3_bucket_server_side_encryption_configuration" "trail" {
  bucket = aws_s3_bucket.trail.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Nothing expires before its lock ends.
resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  bucket = aws_s3_bucket.trail.id
  rule {
    id     = "retention"
    status = "Enabled"
    filter {}
@archive@    transition {
@archive@      days          = 90
@archive@      storage_class = "GLACIER_IR"
@archive@    }
    expiration {
      days = @EXPIRY@
    }
    noncurrent_version_expiration {
      noncurrent_days = @DAYS@
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.trail]
}

resource "aws_s3_bucket_logging" "trail" {
  bucket        = aws_s3_bucket.trail.id
  target_bucket = aws_s3_bucket.access_logs.id
  target_prefix = "@BUCKET@/"

  depends_on = [aws_s3_bucket_policy.access_logs]
}

resource "aws_s3_bucket_policy" "trail" {
  bucket = aws_s3_bucket.trail.id
  policy = data.aws_iam_policy_document.bucket.json

  # S3 refuses changes of both at once.
  depends_on = [aws_s3_bucket_public_access_block.trail]
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "CloudTrailAsksForTheAcl"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.trail.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
  statement {
    sid     = "CloudTrailDelivers"
    actions = ["s3:PutObject"]
    resources = [
      "${aws_s3_bucket.trail.arn}/AWSLogs/@ACCOUNT@/*",
@organization@      "${aws_s3_bucket.trail.arn}/AWSLogs/@ORGANIZATION@/*",
    ]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
  statement {
    sid       = "NothingWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.trail.arn, "${aws_s3_bucket.trail.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# -- the bucket of its access logs ----------------------------------------------------------------------------------

# Without a default retention, with which S3 would deliver no access logs to it.
resource "aws_s3_bucket" "access_logs" {
  bucket = "@BUCKET@-access-logs"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "access_logs" {
  bucket                  = aws_s3_bucket.access_logs.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  versioning_configuration {
    status = "Enabled"
  }
}

# S3 delivers access logs into a bucket with this default alone.
resource "aws_s3_bucket_server_side_encryption_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  rule {
    id     = "retention"
    status = "Enabled"
    filter {}
    expiration {
      days = @EXPIRY@
    }
    noncurrent_version_expiration {
      noncurrent_days = @DAYS@
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.access_logs]
}

resource "aws_s3_bucket_policy" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  policy = data.aws_iam_policy_document.access_logs.json

  depends_on = [aws_s3_bucket_public_access_block.access_logs]
}

data "aws_iam_policy_document" "access_logs" {
  statement {
    sid       = "S3DeliversAccessLogs"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.access_logs.arn}/@BUCKET@/*"]
    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.trail.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["@ACCOUNT@"]
    }
  }
  statement {
    sid       = "NothingWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.access_logs.arn, "${aws_s3_bucket.access_logs.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# -- who is told ----------------------------------------------------------------------------------------------------

resource "aws_sns_topic" "trail" {
  name = "cloudtrail-@SLUG@"
}

resource "aws_sns_topic_policy" "trail" {
  arn    = aws_sns_topic.trail.arn
  policy = data.aws_iam_policy_document.topic.json
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "CloudTrailTells"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.trail.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}

# -- the second copy ------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "trail" {
  name              = "/cloudtrail/@TRAIL@"
  retention_in_days = @LOG_DAYS@
}

resource "aws_iam_role" "logs" {
  name_prefix        = "cloudtrail-logs-"
  description        = "Lets the trail @TRAIL@ write to its log group"
  assume_role_policy = data.aws_iam_policy_document.logs_trust.json
}

data "aws_iam_policy_document" "logs_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = "write"
  role   = aws_iam_role.logs.id
  policy = data.aws_iam_policy_document.logs.json
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "${aws_cloudwatch_log_group.trail.arn}:log-stream:@ACCOUNT@_CloudTrail_@REGION@*",
@organization@      "${aws_cloudwatch_log_group.trail.arn}:log-stream:@ORGANIZATION@_*",
    ]
  }
}

# -- what came of it ------------------------------------------------------------------------------------------------

output "trail_arn" {
  description = "For trailseal doctor and trailseal verify."
  value       = aws_cloudtrail.trail.arn
}
