"""Stands for AWS while the sinks tell it of events, and says what arrived.

Prints one line of JSON with the address and what was made there, waits for a line, and prints one with what arrived. moto
answers by itself whether the messages could be read; botocore says whether a finding has the form that Security Hub takes.
"""

import json
import os
import sys
from pathlib import Path

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-west-2")

import boto3
from moto.server import ThreadedMotoServer

sys.path.insert(0, str(Path(__file__).parent.parent / "formats"))
import consumers


def client(service, region):
    return boto3.client(service, region_name=region, endpoint_url=URL)


def queue(region, name):
    sqs = client("sqs", region)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def drained(region, url):
    arrived = []
    while messages := client("sqs", region).receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            arrived.append(json.loads(message["Body"]))
            client("sqs", region).delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return arrived


server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
URL = "http://%s:%d" % server.get_host_and_port()

sns, events, hub = client("sns", "eu-central-1"), client("events", "us-west-2"), client("securityhub", "eu-central-1")
topic = sns.create_topic(Name="audit")["TopicArn"]
by_topic, arn = queue("eu-central-1", "by-topic")
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
violations, arn = queue("eu-central-1", "violations")
only = {"severity": ["violation"], "kind": ["opened"]}
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": json.dumps(only)})

events.create_event_bus(Name="audit")
by_bus, arn = queue("us-west-2", "by-bus")
pattern = {"source": ["trailseal"], "detail": {"finding": {"severity": ["violation"]}}}
events.put_rule(Name="all", EventBusName="audit", EventPattern=json.dumps(pattern))
events.put_targets(Rule="all", EventBusName="audit", Targets=[{"Id": "1", "Arn": arn}])
hub.enable_security_hub()

print(json.dumps({"url": URL, "topic": topic}), flush=True)
sys.stdin.readline()
findings = hub.get_findings()["Findings"]
for finding in findings:
    # What Security Hub adds is not what is judged.
    known = {"Region", "CompanyName", "ProductName", "FirstObservedAt", "LastObservedAt", "ProcessedAt"}
    consumers.read_asff(json.dumps([{k: v for k, v in finding.items() if k not in known}]), None)
arrived = {
    "topic": drained("eu-central-1", by_topic),
    "violations": drained("eu-central-1", violations),
    "bus": drained("us-west-2", by_bus),
    "hub": findings,
}
print(json.dumps(arrived), flush=True)
server.stop()
