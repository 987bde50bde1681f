/** A call as CloudTrail records it: what was asked, what was answered, and which resource it is about. */
export type TrailCall = {
  readonly source: string;
  readonly name: string;
  readonly request: unknown;
  readonly response: unknown;
  /** What a reader should make of it; null: it names none. */
  readonly resource: string | null;
};

const call = (service: string, name: string, request: unknown, response: unknown, resource: string | null): TrailCall => ({
  source: `${service}.amazonaws.com`,
  name,
  request,
  response,
  resource,
});

const arn = (service: string, rest: string): string => `arn:aws:${service}:eu-central-1:123456789012:${rest}`;

/** In the shapes in which the services write them: some wrap their answers, some say little of them, names differ in their capitals. */
export const bearingCalls: readonly TrailCall[] = [
  call(
    "ec2",
    "RunInstances",
    { instancesSet: { items: [{ imageId: "ami-0abc", minCount: 1, maxCount: 1 }] }, instanceType: "m7i.large" },
    {
      requestId: "7fbc",
      reservationId: "r-0a1",
      instancesSet: { items: [{ instanceId: "i-0run", currentState: { code: 0, name: "pending" } }] },
    },
    "i-0run",
  ),
  call(
    "ec2",
    "StartInstances",
    { instancesSet: { items: [{ instanceId: "i-0start" }] } },
    {
      instancesSet: {
        items: [{ instanceId: "i-0start", currentState: { code: 0, name: "pending" }, previousState: { code: 80, name: "stopped" } }],
      },
    },
    "i-0start",
  ),
  call("ec2", "ModifyInstanceAttribute", { instanceId: "i-0grow", instanceType: { value: "m7i.4xlarge" } }, { _return: true }, "i-0grow"),
  call(
    "ec2",
    "CreateFleet",
    { CreateFleetRequest: { Type: "maintain" } },
    { CreateFleetResponse: { fleetId: "fleet-1a2b" } },
    "fleet-1a2b",
  ),
  call("ec2", "RequestSpotFleet", { spotFleetRequestConfig: { targetCapacity: 20 } }, { spotFleetRequestId: "sfr-73fb" }, "sfr-73fb"),
  call(
    "ec2",
    "RequestSpotInstances",
    { instanceCount: 1 },
    { spotInstanceRequestSet: { items: [{ spotInstanceRequestId: "sir-8abc", state: "open" }] } },
    "sir-8abc",
  ),
  call(
    "ec2",
    "PurchaseReservedInstancesOffering",
    { instanceCount: 1, reservedInstancesOfferingId: "438012d3" },
    { reservedInstancesId: "af9f760e" },
    "af9f760e",
  ),
  call("ec2", "CreateVolume", { size: "500", volumeType: "gp3", zone: "eu-central-1a" }, { volumeId: "vol-0new", size: "500" }, "vol-0new"),
  call(
    "ec2",
    "ModifyVolume",
    { ModifyVolumeRequest: { VolumeId: "vol-0mod", Size: 2000 } },
    { ModifyVolumeResponse: { volumeModification: { volumeId: "vol-0mod", modificationState: "modifying" } } },
    "vol-0mod",
  ),
  call("ec2", "CreateSnapshot", { volumeId: "vol-0new" }, { snapshotId: "snap-0a", volumeId: "vol-0new", status: "pending" }, "snap-0a"),
  call("ec2", "CopySnapshot", { sourceRegion: "us-east-1", sourceSnapshotId: "snap-0b" }, { snapshotId: "snap-0c" }, "snap-0c"),
  call("ec2", "CreateImage", { instanceId: "i-0run", name: "golden" }, { imageId: "ami-0gold" }, "ami-0gold"),
  call("ec2", "AllocateAddress", { domain: "vpc" }, { publicIp: "203.0.113.9", domain: "vpc", allocationId: "eipalloc-0a" }, "eipalloc-0a"),
  call(
    "ec2",
    "CreateNatGateway",
    { CreateNatGatewayRequest: { SubnetId: "subnet-0a", AllocationId: "eipalloc-0a" } },
    { CreateNatGatewayResponse: { natGateway: { natGatewayId: "nat-0a", state: "pending" } } },
    "nat-0a",
  ),
  call(
    "ec2",
    "CreateVpcEndpoint",
    { CreateVpcEndpointRequest: { VpcId: "vpc-0a", VpcEndpointType: "Interface" } },
    { CreateVpcEndpointResponse: { vpcEndpoint: { vpcEndpointId: "vpce-0a" } } },
    "vpce-0a",
  ),
  call(
    "ec2",
    "CreateTransitGateway",
    { CreateTransitGatewayRequest: { Description: "hub" } },
    { CreateTransitGatewayResponse: { transitGateway: { transitGatewayId: "tgw-0a", state: "pending" } } },
    "tgw-0a",
  ),
  call("ec2", "CreateVpnConnection", { type: "ipsec.1" }, { vpnConnection: { vpnConnectionId: "vpn-0a", state: "pending" } }, "vpn-0a"),
  call("autoscaling", "CreateAutoScalingGroup", { autoScalingGroupName: "workers", minSize: 2, maxSize: 40 }, null, "workers"),
  call("autoscaling", "UpdateAutoScalingGroup", { autoScalingGroupName: "workers", maxSize: 400 }, null, "workers"),
  call("autoscaling", "SetDesiredCapacity", { autoScalingGroupName: "workers", desiredCapacity: 40 }, null, "workers"),
  call(
    "elasticloadbalancing",
    "CreateLoadBalancer",
    { name: "edge", type: "application", subnets: ["subnet-0a", "subnet-0b"] },
    { loadBalancers: [{ loadBalancerArn: arn("elasticloadbalancing", "loadbalancer/app/edge/50dc"), state: { code: "provisioning" } }] },
    arn("elasticloadbalancing", "loadbalancer/app/edge/50dc"),
  ),
  call(
    "rds",
    "CreateDBInstance",
    { dBInstanceIdentifier: "orders", dBInstanceClass: "db.r7g.xlarge", engine: "postgres" },
    { dBInstanceStatus: "creating" },
    "orders",
  ),
  call(
    "rds",
    "ModifyDBInstance",
    { dBInstanceIdentifier: "orders", dBInstanceClass: "db.r7g.4xlarge" },
    { dBInstanceStatus: "modifying" },
    "orders",
  ),
  call("rds", "StartDBInstance", { dBInstanceIdentifier: "orders" }, { dBInstanceStatus: "starting" }, "orders"),
  call("rds", "CreateDBInstanceReadReplica", { dBInstanceIdentifier: "orders-2", sourceDBInstanceIdentifier: "orders" }, {}, "orders-2"),
  call("rds", "RestoreDBInstanceFromDBSnapshot", { dBInstanceIdentifier: "orders-3", dBSnapshotIdentifier: "rds:orders" }, {}, "orders-3"),
  call("rds", "CreateDBCluster", { dBClusterIdentifier: "ledger", engine: "aurora-postgresql" }, { status: "creating" }, "ledger"),
  call(
    "dynamodb",
    "CreateTable",
    { tableName: "carts", billingMode: "PROVISIONED" },
    { tableDescription: { tableStatus: "CREATING" } },
    "carts",
  ),
  call("dynamodb", "UpdateTable", { tableName: "carts", provisionedThroughput: { readCapacityUnits: 40000 } }, {}, "carts"),
  call("elasticache", "CreateCacheCluster", { cacheClusterId: "cache", cacheNodeType: "cache.r7g.large" }, {}, "cache"),
  call("elasticache", "CreateReplicationGroup", { replicationGroupId: "cache-ha" }, {}, "cache-ha"),
  call("redshift", "CreateCluster", { clusterIdentifier: "dwh", nodeType: "ra3.4xlarge", masterUserPassword: "****" }, {}, "dwh"),
  call("redshift", "ResizeCluster", { clusterIdentifier: "dwh", numberOfNodes: 16 }, {}, "dwh"),
  call("es", "CreateDomain", { domainName: "logs" }, { domainStatus: { created: true } }, "logs"),
  call("kinesis", "CreateStream", { streamName: "clicks", shardCount: 64 }, null, "clicks"),
  call("kinesis", "UpdateShardCount", { streamName: "clicks", targetShardCount: 128 }, {}, "clicks"),
  call(
    "lambda",
    "CreateFunction20150331",
    { functionName: "resize", memorySize: 10240 },
    { functionName: "resize", functionArn: arn("lambda", "function:resize") },
    arn("lambda", "function:resize"),
  ),
  call("lambda", "UpdateFunctionConfiguration20150331v2", { functionName: "resize", memorySize: 10240 }, {}, "resize"),
  call(
    "ecs",
    "CreateService",
    { cluster: "main", serviceName: "api", desiredCount: 20 },
    { service: { serviceArn: arn("ecs", "service/main/api"), status: "ACTIVE" } },
    arn("ecs", "service/main/api"),
  ),
  call("ecs", "UpdateService", { cluster: "main", service: "api", desiredCount: 200 }, null, "api"),
  call("ecs", "RunTask", { cluster: "main", count: 1 }, { tasks: [{ taskArn: arn("ecs", "task/main/0a") }] }, arn("ecs", "task/main/0a")),
  call("eks", "CreateCluster", { name: "prod", version: "1.34" }, { cluster: { name: "prod", status: "CREATING" } }, "prod"),
  call("eks", "CreateNodegroup", { clusterName: "prod", name: "prod", nodegroupName: "gpu" }, {}, "gpu"),
  call("elasticmapreduce", "RunJobFlow", { name: "nightly" }, { jobFlowId: "j-2AXX" }, "j-2AXX"),
  call("sagemaker", "CreateEndpoint", { endpointName: "ranker" }, { endpointArn: arn("sagemaker", "endpoint/ranker") }, "ranker"),
  call("sagemaker", "CreateNotebookInstance", { notebookInstanceName: "lab", instanceType: "ml.p5.48xlarge" }, {}, "lab"),
  call("sagemaker", "CreateTrainingJob", { trainingJobName: "fit-1" }, {}, "fit-1"),
  call("s3", "CreateBucket", { bucketName: "acme-media", Host: "acme-media.s3.eu-central-1.amazonaws.com" }, null, "acme-media"),
  call(
    "cloudfront",
    "CreateDistribution",
    { distributionConfig: { enabled: true } },
    { distribution: { id: "E1", status: "InProgress" } },
    "E1",
  ),
  call("cloudfront", "UpdateDistribution", { id: "E1", ifMatch: "ETVP" }, { distribution: { id: "E1" } }, "E1"),
  call("cloudfront", "CreateInvalidation", { distributionId: "E1", invalidationBatch: { paths: { quantity: 1 } } }, {}, "E1"),
  call(
    "route53",
    "CreateHostedZone",
    { name: "example.com" },
    { hostedZone: { id: "/hostedzone/Z1", name: "example.com." } },
    "/hostedzone/Z1",
  ),
  call("route53", "CreateHealthCheck", { callerReference: "1" }, { healthCheck: { id: "5b1d", healthCheckVersion: 1 } }, "5b1d"),
  call(
    "route53",
    "ChangeResourceRecordSets",
    { hostedZoneId: "Z1", changeBatch: { changes: [{ action: "UPSERT", resourceRecordSet: { name: "www.example.com.", type: "A" } }] } },
    { changeInfo: { id: "/change/C1", status: "PENDING", submittedAt: "Nov 28, 2026 1:30:00 AM" } },
    "Z1",
  ),
  call("kms", "CreateKey", { keyUsage: "ENCRYPT_DECRYPT" }, { keyMetadata: { keyId: "1234abcd", enabled: true } }, "1234abcd"),
];

/** Calls that are well and bear no cost, or whose names say that they read. */
export const idleCalls: readonly TrailCall[] = [
  call("ec2", "DescribeInstances", { filterSet: {}, instancesSet: {} }, null, null),
  call("s3", "ListBuckets", { Host: "s3.amazonaws.com" }, null, null),
  call("iam", "CreateUser", { userName: "bob" }, { user: { userName: "bob" } }, null),
  call("signin", "ConsoleLogin", null, { ConsoleLogin: "Success" }, null),
  call("ec2", "TerminateInstances", { instancesSet: { items: [{ instanceId: "i-0run" }] } }, {}, null),
];
