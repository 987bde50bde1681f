/** A call that begins or changes what is paid: of what, and where its record names it. */
export type CostBearing = { readonly type: string; readonly idAt: readonly string[] };

const call = (type: string, ...idAt: string[]): CostBearing => ({ type, idAt });

/** By service (the name of its endpoint) and call. What ends a cost is not among it. */
const calls: Readonly<Record<string, Readonly<Record<string, CostBearing>>>> = {
  ec2: {
    RunInstances: call("ec2:instance", "responseElements.instancesSet.items.0.instanceId"),
    StartInstances: call("ec2:instance", "requestParameters.instancesSet.items.0.instanceId"),
    ModifyInstanceAttribute: call("ec2:instance", "requestParameters.instanceId"),
    CreateFleet: call("ec2:fleet", "responseElements.CreateFleetResponse.fleetId"),
    RequestSpotFleet: call("ec2:fleet", "responseElements.spotFleetRequestId"),
    RequestSpotInstances: call(
      "ec2:instance",
      "responseElements.spotInstanceRequestSet.items.0.instanceId",
      "responseElements.spotInstanceRequestSet.items.0.spotInstanceRequestId",
    ),
    PurchaseReservedInstancesOffering: call("ec2:reserved-instance", "responseElements.reservedInstancesId"),
    AllocateHosts: call("ec2:host", "responseElements.AllocateHostsResponse.hostIdSet.item"),
    CreateVolume: call("ec2:volume", "responseElements.volumeId"),
    ModifyVolume: call("ec2:volume", "requestParameters.ModifyVolumeRequest.VolumeId"),
    CreateSnapshot: call("ec2:snapshot", "responseElements.snapshotId"),
    CopySnapshot: call("ec2:snapshot", "responseElements.snapshotId"),
    CreateImage: call("ec2:image", "responseElements.imageId"),
    AllocateAddress: call("ec2:address", "responseElements.allocationId"),
    CreateNatGateway: call("ec2:nat-gateway", "responseElements.CreateNatGatewayResponse.natGateway.natGatewayId"),
    CreateVpcEndpoint: call("ec2:vpc-endpoint", "responseElements.CreateVpcEndpointResponse.vpcEndpoint.vpcEndpointId"),
    CreateTransitGateway: call("ec2:transit-gateway", "responseElements.CreateTransitGatewayResponse.transitGateway.transitGatewayId"),
    CreateVpnConnection: call("ec2:vpn", "responseElements.vpnConnection.vpnConnectionId"),
  },
  autoscaling: {
    CreateAutoScalingGroup: call("autoscaling:group", "requestParameters.autoScalingGroupName"),
    UpdateAutoScalingGroup: call("autoscaling:group", "requestParameters.autoScalingGroupName"),
    SetDesiredCapacity: call("autoscaling:group", "requestParameters.autoScalingGroupName"),
  },
  elasticloadbalancing: {
    CreateLoadBalancer: call("elb:load-balancer", "responseElements.loadBalancers.0.loadBalancerArn", "requestParameters.loadBalancerName"),
  },
  rds: {
    CreateDBInstance: call("rds:instance", "requestParameters.dBInstanceIdentifier"),
    ModifyDBInstance: call("rds:instance", "requestParameters.dBInstanceIdentifier"),
    StartDBInstance: call("rds:instance", "requestParameters.dBInstanceIdentifier"),
    CreateDBInstanceReadReplica: call("rds:instance", "requestParameters.dBInstanceIdentifier"),
    RestoreDBInstanceFromDBSnapshot: call("rds:instance", "requestParameters.dBInstanceIdentifier"),
    CreateDBCluster: call("rds:cluster", "requestParameters.dBClusterIdentifier"),
  },
  dynamodb: {
    CreateTable: call("dynamodb:table", "requestParameters.tableName"),
    UpdateTable: call("dynamodb:table", "requestParameters.tableName"),
  },
  elasticache: {
    CreateCacheCluster: call("elasticache:cluster", "requestParameters.cacheClusterId"),
    CreateReplicationGroup: call("elasticache:cluster", "requestParameters.replicationGroupId"),
  },
  redshift: {
    CreateCluster: call("redshift:cluster", "requestParameters.clusterIdentifier"),
    ResizeCluster: call("redshift:cluster", "requestParameters.clusterIdentifier"),
  },
  es: { CreateDomain: call("opensearch:domain", "requestParameters.domainName") },
  kinesis: {
    CreateStream: call("kinesis:stream", "requestParameters.streamName"),
    UpdateShardCount: call("kinesis:stream", "requestParameters.streamName"),
  },
  lambda: {
    CreateFunction20150331: call("lambda:function", "responseElements.functionArn", "requestParameters.functionName"),
    UpdateFunctionConfiguration20150331v2: call("lambda:function", "requestParameters.functionName"),
    PutProvisionedConcurrencyConfig: call("lambda:function", "requestParameters.functionName"),
  },
  ecs: {
    CreateService: call("ecs:service", "responseElements.service.serviceArn"),
    UpdateService: call("ecs:service", "responseElements.service.serviceArn", "requestParameters.service"),
    RunTask: call("ecs:task", "responseElements.tasks.0.taskArn"),
  },
  eks: {
    CreateCluster: call("eks:cluster", "requestParameters.name"),
    CreateNodegroup: call("eks:nodegroup", "requestParameters.nodegroupName"),
    UpdateNodegroupConfig: call("eks:nodegroup", "requestParameters.nodegroupName"),
  },
  elasticmapreduce: { RunJobFlow: call("emr:cluster", "responseElements.jobFlowId") },
  sagemaker: {
    CreateEndpoint: call("sagemaker:endpoint", "requestParameters.endpointName"),
    CreateNotebookInstance: call("sagemaker:notebook", "requestParameters.notebookInstanceName"),
    CreateTrainingJob: call("sagemaker:training-job", "requestParameters.trainingJobName"),
  },
  s3: { CreateBucket: call("s3:bucket", "requestParameters.bucketName") },
  cloudfront: {
    CreateDistribution: call("cloudfront:distribution", "responseElements.distribution.id"),
    CreateDistributionWithTags: call("cloudfront:distribution", "responseElements.distribution.id"),
    UpdateDistribution: call("cloudfront:distribution", "requestParameters.id"),
    CreateInvalidation: call("cloudfront:distribution", "requestParameters.distributionId"),
  },
  route53: {
    CreateHostedZone: call("route53:hosted-zone", "responseElements.hostedZone.id"),
    CreateHealthCheck: call("route53:health-check", "responseElements.healthCheck.id"),
    ChangeResourceRecordSets: call("route53:records", "requestParameters.hostedZoneId"),
  },
  globalaccelerator: { CreateAccelerator: call("globalaccelerator:accelerator", "responseElements.accelerator.acceleratorArn") },
  wafv2: { CreateWebACL: call("wafv2:web-acl", "responseElements.summary.aRN") },
  kms: { CreateKey: call("kms:key", "responseElements.keyMetadata.keyId") },
  savingsplans: { CreateSavingsPlan: call("savingsplans:plan", "responseElements.savingsPlanId") },
};

const endpoint = ".amazonaws.com";

/** What a call bears the cost of; null: nothing, or nothing that is known. @param source such as `ec2.amazonaws.com` */
export const costBearing = (source: string, name: string): CostBearing | null => {
  const service = source.replace(/\.amazonaws\.com(?:\.cn)?$/, "");
  const ofService = Object.hasOwn(calls, service) ? calls[service] : undefined;
  return ofService !== undefined && Object.hasOwn(ofService, name) ? (ofService[name] ?? null) : null;
};

/** Every call that bears a cost, as records name it. */
export const costBearingCalls: readonly { readonly source: string; readonly name: string; readonly type: string }[] = Object.entries(
  calls,
).flatMap(([service, ofService]) => Object.entries(ofService).map(([name, { type }]) => ({ source: `${service}${endpoint}`, name, type })));
