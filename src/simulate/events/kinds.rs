//! The kinds of event, as data. Their texts are JSON with places that start with a dollar sign, see `template`.

/// One kind of event: a call of one operation of one service.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) weight: u32,
    /// `ec2` for `ec2.amazonaws.com`.
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    pub(super) reads: bool,
    pub(super) who: Who,
    pub(super) request: &'static str,
    pub(super) response: &'static str,
    /// `additionalEventData`, or empty for none.
    pub(super) extra: &'static str,
    /// `resources`, or empty for none.
    pub(super) resources: &'static str,
    /// Error code and message of what goes wrong at times, besides a missing permission.
    pub(super) error: Option<(&'static str, &'static str)>,
    /// A data event, such as the reading of one object.
    pub(super) data: bool,
    /// An event of a global service, recorded in us-east-1.
    pub(super) global: bool,
}

/// Who does such things.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Anyone,
    Person,
    Workload,
    Pipeline,
    /// An AWS service, by its host name.
    Service(&'static str),
    /// Someone at the console's sign-in page.
    SignIn,
    Root,
}

const fn kind(weight: u32, service: &'static str, operation: &'static str, reads: bool) -> Kind {
    Kind {
        weight,
        service,
        operation,
        reads,
        who: Who::Anyone,
        request: "null",
        response: "null",
        extra: "",
        resources: "",
        error: None,
        data: false,
        global: false,
    }
}

const fn read(weight: u32, service: &'static str, operation: &'static str, request: &'static str) -> Kind {
    Kind { request, ..kind(weight, service, operation, true) }
}

const fn write(
    weight: u32,
    service: &'static str,
    operation: &'static str,
    request: &'static str,
    response: &'static str,
) -> Kind {
    Kind { request, response, ..kind(weight, service, operation, false) }
}

impl Kind {
    const fn by(self, who: Who) -> Kind {
        Kind { who, ..self }
    }

    const fn on(self, resources: &'static str) -> Kind {
        Kind { resources, ..self }
    }

    const fn with(self, extra: &'static str) -> Kind {
        Kind { extra, ..self }
    }

    const fn fails(self, code: &'static str, message: &'static str) -> Kind {
        Kind { error: Some((code, message)), ..self }
    }

    const fn data(self) -> Kind {
        Kind { data: true, ..self }
    }

    const fn global(self) -> Kind {
        Kind { global: true, ..self }
    }
}

const S3_OBJECT: &str = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$b/$k"},{"accountId":"$a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$b"}]"#;
const S3_BUCKET: &str = r#"[{"accountId":"$a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$b"}]"#;
const KMS_KEY: &str = r#"[{"accountId":"$a","type":"AWS::KMS::Key","ARN":"arn:aws:kms:$r:$a:key/$K"}]"#;
const ROLE: &str = r#"[{"accountId":"$a","type":"AWS::IAM::Role","ARN":"arn:aws:iam::$a:role/$R"}]"#;
const TABLE: &str = r#"[{"accountId":"$a","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$r:$a:table/$d"}]"#;
const S3_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"SSEApplied":"Default_SSE_S3","AuthenticationMethod":"AuthHeader","x-amz-id-2":"$z=","bytesTransferredOut":$N}"#;
const CREDENTIALS: &str = r#"{"credentials":{"accessKeyId":"$A","sessionToken":"IQoJb3JpZ2luX2VjE$z$z//////////","expiration":"$E"},"assumedRoleUser":{"assumedRoleId":"$Q:$J","arn":"arn:aws:sts::$a:assumed-role/$R/$J"}}"#;

pub(super) static KINDS: &[Kind] = &[
    // -- EC2 --
    read(90, "ec2", "DescribeInstances", r#"{"maxResults":1000,"instancesSet":{},"filterSet":{}}"#),
    read(40, "ec2", "DescribeInstances", r#"{"instancesSet":{"items":[{"instanceId":"$i"}]},"filterSet":{}}"#)
        .fails("Client.InvalidInstanceID.NotFound", "The instance ID '$i' does not exist"),
    read(45, "ec2", "DescribeSecurityGroups", r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"$g"}]},"filterSet":{}}"#),
    read(35, "ec2", "DescribeVolumes", r#"{"maxResults":500,"volumeSet":{},"filterSet":{"items":[{"name":"attachment.instance-id","valueSet":{"items":[{"value":"$i"}]}}]}}"#),
    read(25, "ec2", "DescribeSubnets", r#"{"subnetSet":{"items":[{"subnetId":"$s"}]},"filterSet":{}}"#),
    read(20, "ec2", "DescribeNetworkInterfaces", r#"{"networkInterfaceIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"$v"}]}}]}}"#),
    read(12, "ec2", "DescribeTags", r#"{"maxResults":1000,"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"$i"}]}}]}}"#),
    write(8, "ec2", "RunInstances",
        r#"{"instancesSet":{"items":[{"imageId":"$m","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{},"availabilityZone":"$ra","monitoring":{"enabled":false},"subnetId":"$s","disableApiTermination":false,"clientToken":"$u","tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"Name","value":"web-server"},{"key":"env","value":"prod"}]}]}}"#,
        r#"{"requestId":"$q","reservationId":"r-0$y","ownerId":"$a","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-0$x","imageId":"$m","currentState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-$n-$n.$r.compute.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m7g.large","launchTime":$M000,"placement":{"availabilityZone":"$ra","tenancy":"default"},"monitoring":{"state":"disabled"},"subnetId":"$s","vpcId":"$v","privateIpAddress":"$p","stateReason":{"code":"pending","message":"pending"},"architecture":"arm64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","virtualizationType":"hvm","hypervisor":"xen","groupSet":{"items":[{"groupId":"$g","groupName":"web"}]},"sourceDestCheck":true,"ebsOptimized":true}]}}"#)
        .by(Who::Pipeline)
        .fails("Server.InsufficientInstanceCapacity", "We currently do not have sufficient m7g.large capacity in the Availability Zone you requested ($ra). Our system will be working on provisioning additional capacity."),
    write(5, "ec2", "TerminateInstances", r#"{"instancesSet":{"items":[{"instanceId":"$i"}]}}"#,
        r#"{"requestId":"$q","instancesSet":{"items":[{"instanceId":"$i","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#).by(Who::Pipeline),
    write(5, "ec2", "AuthorizeSecurityGroupIngress",
        r#"{"groupId":"$g","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.0.0.0/16","description":"internal"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        r#"{"requestId":"$q","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"$a","groupId":"$g","securityGroupRuleId":"sgr-0$x","description":"internal","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443,"cidrIpv4":"10.0.0.0/16"}]}}"#)
        .by(Who::Person)
        .fails("Client.InvalidPermission.Duplicate", "the specified rule \\\"peer: 10.0.0.0/16, TCP, from port: 443, to port: 443, ALLOW\\\" already exists"),
    write(10, "ec2", "CreateTags", r#"{"resourcesSet":{"items":[{"resourceId":"$i"}]},"tagSet":{"items":[{"key":"owner","value":"platform"}]}}"#, r#"{"requestId":"$q","_return":true}"#),
    write(10, "ec2", "CreateSnapshot", r#"{"volumeId":"vol-0$x","description":"nightly"}"#,
        r#"{"requestId":"$q","snapshotId":"snap-0$y","volumeId":"vol-0$x","status":"pending","startTime":$M000,"progress":"","ownerId":"$a","volumeSize":$n,"description":"nightly","encrypted":true}"#).by(Who::Workload),
    read(10, "ec2", "DescribeInstanceStatus", r#"{"instancesSet":{},"filterSet":{},"includeAllInstances":true}"#).by(Who::Service("autoscaling.amazonaws.com")),
    // -- S3 --
    read(30, "s3", "ListBuckets", r#"{"Host":"s3.$r.amazonaws.com"}"#).with(S3_EXTRA),
    read(35, "s3", "GetBucketAcl", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","acl":""}"#).on(S3_BUCKET).with(S3_EXTRA).by(Who::Service("cloudtrail.amazonaws.com")),
    read(20, "s3", "GetBucketPolicy", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","policy":""}"#).on(S3_BUCKET).with(S3_EXTRA)
        .fails("NoSuchBucketPolicy", "The bucket policy does not exist"),
    write(3, "s3", "PutBucketPolicy", r#"{"bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"DenyInsecure","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::$b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]},"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","policy":""}"#, "null").on(S3_BUCKET).with(S3_EXTRA).by(Who::Pipeline),
    read(70, "s3", "GetObject", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","key":"$k"}"#).on(S3_OBJECT).with(S3_EXTRA).by(Who::Workload).data()
        .fails("NoSuchKey", "The specified key does not exist."),
    write(45, "s3", "PutObject", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","key":"$k"}"#, r#"{"x-amz-server-side-encryption":"AES256"}"#).on(S3_OBJECT).with(S3_EXTRA).by(Who::Workload).data(),
    // -- IAM, STS, sign-in --
    write(85, "sts", "AssumeRole", r#"{"roleArn":"arn:aws:iam::$a:role/$R","roleSessionName":"$J","durationSeconds":3600}"#, CREDENTIALS).on(ROLE).by(Who::Service("lambda.amazonaws.com")),
    write(55, "sts", "AssumeRole", r#"{"roleArn":"arn:aws:iam::$a:role/$R","roleSessionName":"$J"}"#, CREDENTIALS).on(ROLE).by(Who::Service("ec2.amazonaws.com")),
    write(20, "sts", "AssumeRole", r#"{"roleArn":"arn:aws:iam::$a:role/$R","roleSessionName":"$J","externalId":"$h"}"#, CREDENTIALS).on(ROLE)
        .fails("AccessDenied", "User: $W is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::$a:role/$R"),
    read(25, "sts", "GetCallerIdentity", "null"),
    read(10, "iam", "ListUsers", r#"{"maxItems":100}"#).global(),
    read(12, "iam", "GetRole", r#"{"roleName":"$R"}"#).global().fails("NoSuchEntityException", "The role with name $R cannot be found."),
    read(10, "iam", "ListAttachedRolePolicies", r#"{"roleName":"$R"}"#).global(),
    read(4, "iam", "GenerateCredentialReport", "null").global(),
    write(3, "iam", "CreateUser", r#"{"userName":"$U","tags":[]}"#, r#"{"user":{"path":"/","userName":"$U","userId":"AIDA$B","arn":"arn:aws:iam::$a:user/$U","createDate":"$l"}}"#).global().by(Who::Person)
        .fails("EntityAlreadyExistsException", "User with name $U already exists."),
    write(3, "iam", "CreateAccessKey", r#"{"userName":"$U"}"#, r#"{"accessKey":{"userName":"$U","accessKeyId":"AKIA$B","status":"Active","createDate":"$l"}}"#).global().by(Who::Person),
    write(4, "iam", "AttachRolePolicy", r#"{"roleName":"$R","policyArn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}"#, "null").global().by(Who::Pipeline),
    write(8, "signin", "ConsoleLogin", "null", r#"{"ConsoleLogin":"Success"}"#).with(r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_$r_$h","MobileVersion":"No","MFAUsed":"Yes"}"#).global().by(Who::SignIn)
        .fails("", "Failed authentication"),
    write(1, "signin", "ConsoleLogin", "null", r#"{"ConsoleLogin":"Success"}"#).with(r#"{"LoginTo":"https://console.aws.amazon.com/billing/home","MobileVersion":"No","MFAUsed":"Yes"}"#).global().by(Who::Root),
    // -- Lambda --
    read(70, "lambda", "Invoke", r#"{"functionName":"arn:aws:lambda:$r:$a:function:$f","invocationType":"Event"}"#).data().by(Who::Service("events.amazonaws.com"))
        .on(r#"[{"accountId":"$a","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:$r:$a:function:$f"}]"#).with(r#"{"functionVersion":"arn:aws:lambda:$r:$a:function:$f:$$LATEST"}"#),
    read(25, "lambda", "GetFunction20150331v2", r#"{"functionName":"$f"}"#),
    read(15, "lambda", "ListFunctions20150331", r#"{"maxItems":50}"#),
    write(6, "lambda", "UpdateFunctionCode20150331v2", r#"{"functionName":"$f","s3Bucket":"$b","s3Key":"$f-$h.zip","publish":true,"dryRun":false}"#,
        r#"{"functionName":"$f","functionArn":"arn:aws:lambda:$r:$a:function:$f:$n","runtime":"python3.12","role":"arn:aws:iam::$a:role/$f-role","handler":"app.handler","codeSize":$N,"description":"","timeout":30,"memorySize":512,"lastModified":"$t","codeSha256":"$z=","version":"$n","tracingConfig":{"mode":"Active"},"revisionId":"$u","state":"Active","lastUpdateStatus":"InProgress","packageType":"Zip","architectures":["arm64"],"ephemeralStorage":{"size":512}}"#)
        .by(Who::Pipeline).fails("ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:$r:$a:function:$f"),
    // -- KMS --
    read(90, "kms", "Decrypt", r#"{"encryptionContext":{"aws:lambda:FunctionArn":"arn:aws:lambda:$r:$a:function:$f"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#).on(KMS_KEY).by(Who::Workload),
    read(60, "kms", "GenerateDataKey", r#"{"keyId":"arn:aws:kms:$r:$a:key/$K","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$b"},"keySpec":"AES_256"}"#).on(KMS_KEY).by(Who::Service("s3.amazonaws.com")),
    read(10, "kms", "DescribeKey", r#"{"keyId":"arn:aws:kms:$r:$a:key/$K"}"#).on(KMS_KEY),
    // -- DynamoDB --
    read(35, "dynamodb", "DescribeTable", r#"{"tableName":"$d"}"#).on(TABLE).fails("ResourceNotFoundException", "Requested resource not found: Table: $d not found"),
    read(15, "dynamodb", "ListTables", r#"{"limit":100}"#),
    read(10, "dynamodb", "DescribeContinuousBackups", r#"{"tableName":"$d"}"#).on(TABLE),
    write(3, "dynamodb", "UpdateTable", r#"{"tableName":"$d","provisionedThroughput":{"readCapacityUnits":$n,"writeCapacityUnits":$n}}"#, r#"{"tableDescription":{"tableName":"$d","tableStatus":"UPDATING","tableArn":"arn:aws:dynamodb:$r:$a:table/$d","tableId":"$u","itemCount":$N,"tableSizeBytes":$N}}"#).on(TABLE).by(Who::Pipeline),
    // -- CloudWatch, logs --
    read(30, "monitoring", "DescribeAlarms", r#"{"maxRecords":100}"#),
    read(12, "monitoring", "GetMetricData", r#"{"startTime":"$o","endTime":"$t","maxDatapoints":1000}"#),
    write(5, "monitoring", "PutMetricAlarm", r#"{"alarmName":"$f-errors","namespace":"AWS/Lambda","metricName":"Errors","dimensions":[{"name":"FunctionName","value":"$f"}],"period":60,"evaluationPeriods":5,"threshold":1.0,"statistic":"Sum","comparisonOperator":"GreaterThanOrEqualToThreshold","actionsEnabled":true}"#, "null").by(Who::Pipeline),
    write(45, "logs", "CreateLogStream", r#"{"logGroupName":"$L","logStreamName":"2026/01/[$$LATEST]$y$y"}"#, "null").by(Who::Workload).fails("ResourceAlreadyExistsException", "The specified log stream already exists"),
    read(20, "logs", "DescribeLogGroups", r#"{"limit":50}"#),
    // -- RDS, SSM, secrets, SQS, containers --
    read(25, "rds", "DescribeDBInstances", r#"{"dBInstanceIdentifier":"$D"}"#).fails("DBInstanceNotFound", "DBInstance $D not found."),
    read(10, "rds", "DescribeDBClusters", r#"{"maxRecords":100}"#),
    write(3, "rds", "CreateDBSnapshot", r#"{"dBInstanceIdentifier":"$D","dBSnapshotIdentifier":"$D-$h"}"#, r#"{"dBSnapshotIdentifier":"$D-$h","dBInstanceIdentifier":"$D","engine":"postgres","allocatedStorage":$n,"status":"creating","port":5432,"vpcId":"$v","engineVersion":"16.4","snapshotType":"manual","encrypted":true,"kmsKeyId":"arn:aws:kms:$r:$a:key/$K","dBSnapshotArn":"arn:aws:rds:$r:$a:snapshot:$D-$h","dbiResourceId":"db-$B"}"#),
    write(60, "ssm", "UpdateInstanceInformation", r#"{"instanceId":"$i","agentVersion":"3.3.1345.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"$p","computerName":"ip-10-0-$n-$n.$r.compute.internal","agentName":"amazon-ssm-agent","availabilityZone":"$ra","availabilityZoneId":"az1","sSMConnectionChannel":"ssmmessages"}"#, "null").by(Who::Workload),
    read(30, "ssm", "GetParameter", r#"{"name":"$P","withDecryption":true}"#).on(r#"[{"accountId":"$a","ARN":"arn:aws:ssm:$r:$a:parameter$P"}]"#).by(Who::Workload),
    write(3, "ssm", "StartSession", r#"{"target":"$i"}"#, r#"{"sessionId":"$J-0$x","tokenValue":"Value hidden due to security reasons.","streamUrl":"wss://ssmmessages.$r.amazonaws.com/v1/data-channel/$J-0$x?role=publish_subscribe"}"#).by(Who::Person).fails("TargetNotConnected", "$i is not connected."),
    read(30, "secretsmanager", "GetSecretValue", r#"{"secretId":"arn:aws:secretsmanager:$r:$a:secret:$S"}"#).by(Who::Workload),
    read(15, "sqs", "GetQueueAttributes", r#"{"queueUrl":"https://sqs.$r.amazonaws.com/$a/$Z","attributeNames":["All"]}"#),
    read(15, "ecr", "BatchGetImage", r#"{"registryId":"$a","repositoryName":"checkout","imageIds":[{"imageTag":"v1.$n.0"}],"acceptedMediaTypes":["application/vnd.oci.image.index.v1+json","application/vnd.docker.distribution.manifest.v2+json"]}"#).by(Who::Workload),
    write(6, "ecs", "UpdateService", r#"{"cluster":"$c","service":"checkout","taskDefinition":"checkout:$n","forceNewDeployment":true}"#, r#"{"service":{"serviceArn":"arn:aws:ecs:$r:$a:service/$c/checkout","serviceName":"checkout","clusterArn":"arn:aws:ecs:$r:$a:cluster/$c","status":"ACTIVE","desiredCount":3,"runningCount":3,"pendingCount":0,"launchType":"FARGATE","taskDefinition":"arn:aws:ecs:$r:$a:task-definition/checkout:$n"}}"#).by(Who::Pipeline),
    read(15, "eks", "DescribeCluster", r#"{"name":"$c"}"#).fails("ResourceNotFoundException", "No cluster found for name: $c."),
    read(12, "elasticloadbalancing", "DescribeTargetHealth", r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:$r:$a:targetgroup/web/$y"}"#).by(Who::Workload),
    read(8, "config", "DescribeConfigurationRecorders", "null"),
    read(8, "guardduty", "ListDetectors", r#"{"maxResults":50}"#).by(Who::Person),
    // -- CloudTrail itself --
    read(12, "cloudtrail", "DescribeTrails", r#"{"trailNameList":[],"includeShadowTrails":true}"#),
    read(10, "cloudtrail", "GetTrailStatus", r#"{"name":"$T"}"#).fails("TrailNotFoundException", "Unknown trail: $T for the user: $a"),
    read(8, "cloudtrail", "LookupEvents", r#"{"maxResults":50,"lookupAttributes":[{"attributeKey":"ReadOnly","attributeValue":"false"}]}"#).by(Who::Person),
    write(1, "cloudtrail", "PutEventSelectors", r#"{"trailName":"$T","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[],"excludeManagementEventSources":[]}]}"#, r#"{"trailARN":"arn:aws:cloudtrail:$r:$a:trail/$T","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[],"excludeManagementEventSources":[]}]}"#).by(Who::Person),
];
