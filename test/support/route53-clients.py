"""Drives a Route 53 endpoint with boto3, as its documentation does, and with octodns.

usage: route53-clients.py ENDPOINT ZONE_ID ZONE_NAME    credentials from the environment, as boto3 takes them
"""

import os
import sys
import tempfile
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

endpoint, zone_id, zone_name = sys.argv[1:4]


def with_boto3():
    client = boto3.client("route53", endpoint_url=endpoint, region_name="us-east-1")

    def name(host):
        return f"{host}.{zone_name}"

    def change(*changes, **more):
        return client.change_resource_record_sets(ChangeBatch={"Changes": list(changes), **more}, HostedZoneId=zone_id)

    def change_of(action, fields):
        return {"Action": action, "ResourceRecordSet": fields}

    # Keys in the order of boto3's examples: Changes before Comment, ResourceRecords before TTL and Type.
    first = {"Name": name("boto"), "ResourceRecords": [{"Value": "192.0.2.44"}], "TTL": 60, "Type": "A"}
    answer = change(change_of("CREATE", first), Comment="Web server")
    client.get_change(Id=answer["ChangeInfo"]["Id"])
    check = client.create_health_check(
        CallerReference="boto3",
        HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "app.example.net", "Port": 443, "RequestInterval": 30, "FailureThreshold": 3},
    )["HealthCheck"]["Id"]
    weighted = [
        {"HealthCheckId": check, "Name": name("weighted"), "ResourceRecords": [{"Value": f"192.0.2.{weight}"}], "SetIdentifier": f"set {weight}", "TTL": 60, "Type": "A", "Weight": weight}
        for weight in (100, 200)
    ]
    change(*[change_of("CREATE", one) for one in weighted])
    change(change_of("CREATE", {
        "AliasTarget": {"DNSName": name("boto"), "EvaluateTargetHealth": True, "HostedZoneId": zone_id}, "Name": name("alias"), "Type": "A",
    }))
    change(*[change_of("CREATE", {
        "Failover": side, "Name": name("failover"), "ResourceRecords": [{"Value": "192.0.2.7"}], "SetIdentifier": side, "TTL": 60, "Type": "A", "HealthCheckId": check,
    }) for side in ("PRIMARY", "SECONDARY")])
    change(*[change_of("CREATE", {
        "GeoLocation": place, "Name": name("geo"), "ResourceRecords": [{"Value": "192.0.2.8"}], "SetIdentifier": f"place {index}", "TTL": 60, "Type": "A",
    }) for index, place in enumerate([{"ContinentCode": "EU"}, {"CountryCode": "US", "SubdivisionCode": "CA"}, {"CountryCode": "*"}])])
    change(*[change_of("CREATE", {
        "GeoProximityLocation": place, "Name": name("near"), "ResourceRecords": [{"Value": "192.0.2.9"}], "SetIdentifier": f"place {index}", "TTL": 60, "Type": "A",
    }) for index, place in enumerate([{"AWSRegion": "eu-west-1", "Bias": 10}, {"Coordinates": {"Latitude": "49.22", "Longitude": "-74.01"}}])])
    change(*[change_of("CREATE", {
        "MultiValueAnswer": True, "Name": name("many"), "ResourceRecords": [{"Value": f"192.0.2.{index}"}], "SetIdentifier": f"{index}", "TTL": 60, "Type": "A",
    }) for index in (1, 2)])
    # A compare-and-set, as what was listed is sent back.
    listed = client.list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=name("weighted"), StartRecordType="A", MaxItems="2")["ResourceRecordSets"]
    change(*[one for half in listed for one in (change_of("DELETE", half), change_of("CREATE", {**half, "Weight": 255 - half["Weight"]}))])
    refused = None
    try:
        change(change_of("DELETE", listed[0]))
    except ClientError as error:
        refused = error.response["Error"]["Code"]
    assert refused == "InvalidChangeBatch", refused
    client.get_health_check_status(HealthCheckId=check)
    client.get_hosted_zone_count()
    client.get_health_check_count()
    client.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    answered = client.test_dns_answer(HostedZoneId=zone_id, RecordName=name("boto"), RecordType="A")
    assert answered["RecordData"] == ["192.0.2.44"], answered
    client.create_hosted_zone(Name="boto3.example", CallerReference="boto3", HostedZoneConfig={"Comment": "by boto3", "PrivateZone": False})


ZONE = """
app:
  - type: CNAME
    ttl: 60
    value: primary.cdn.example.net.
mail:
  type: MX
  ttl: 300
  values:
    - {preference: 10, exchange: mx.example.net.}
pool:
  type: A
  ttl: 60
  values: [192.0.2.1, 192.0.2.2]
shares:
  type: CNAME
  ttl: 60
  value: primary.cdn.example.net.
  dynamic:
    pools:
      both:
        values:
          - {value: primary.cdn.example.net., weight: 9}
          - {value: backup.cdn.example.net., weight: 1}
    rules:
      - pool: both
text:
  type: TXT
  ttl: 60
  value: v=spf1 -all
"""

CONFIG = """
providers:
  config: {{class: octodns.provider.yaml.YamlProvider, directory: {directory}, default_ttl: 60, enforce_order: false}}
  route53:
    class: octodns_route53.Route53Provider
    access_key_id: {key}
    secret_access_key: {secret}
zones:
  octodns.example.: {{sources: [config], targets: [route53]}}
"""


def with_octodns():
    from octodns.manager import Manager

    os.environ["AWS_ENDPOINT_URL_ROUTE_53"] = endpoint
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.yaml"
        config.write_text(CONFIG.format(directory=directory, key=os.environ["AWS_ACCESS_KEY_ID"], secret=os.environ["AWS_SECRET_ACCESS_KEY"]))
        zone = Path(directory) / "octodns.example.yaml"

        def sync():
            return Manager(str(config)).sync(dry_run=False, force=True)

        zone.write_text(ZONE)
        assert sync() > 0, "octodns had nothing to create"
        assert sync() == 0, "octodns does not find what it has made"
        zone.write_text(ZONE.replace("weight: 9", "weight: 2"))
        assert sync() > 0, "octodns had nothing to change"


with_boto3()
with_octodns()
