import { monthlyCents, volumesCents } from "./aws-prices.ts";
import type { Zombie } from "./zombie.ts";
import { idle } from "./zombie.ts";

/** Where something of AWS is, and since when it is seen to idle. */
type CloudFacts = { readonly id: string; readonly account: string; readonly region: string; readonly sinceMs: number };

/** An Elastic IP that is associated with nothing. */
export const looseAddress = (address: CloudFacts, nowMs: number): readonly Zombie[] =>
  idle("address-unassociated", address.sinceMs, nowMs, () => ({
    resource: address.id,
    account: address.account,
    monthlyWasteCents: monthlyCents("address", address.region),
    reason: `The Elastic IP ${address.id} is associated with nothing, and is charged by the hour.`,
    remedy: `aws ec2 release-address --region ${address.region} --allocation-id ${address.id}`,
  }));

export type VolumeFacts = CloudFacts & { readonly type: string; readonly gib: number };

/** A volume that is attached to no instance. */
export const looseVolume = (volume: VolumeFacts, nowMs: number): readonly Zombie[] =>
  idle("volume-unattached", volume.sinceMs, nowMs, () => ({
    resource: volume.id,
    account: volume.account,
    monthlyWasteCents: volumesCents([volume], volume.region),
    reason: `The volume ${volume.id} (${volume.type}, ${volume.gib} GiB) is attached to no instance.`,
    remedy: `Take a snapshot if its data matters, then aws ec2 delete-volume --region ${volume.region} --volume-id ${volume.id}`,
  }));

export type StoppedInstanceFacts = CloudFacts & { readonly volumes: readonly Pick<VolumeFacts, "type" | "gib">[] };

/** An instance that is stopped costs nothing; its volumes do. One without any is none of them. */
export const stoppedInstance = (instance: StoppedInstanceFacts, nowMs: number): readonly Zombie[] =>
  instance.volumes.length === 0
    ? []
    : idle("stopped-instance-volumes", instance.sinceMs, nowMs, () => {
        const gib = instance.volumes.reduce((sum, volume) => sum + volume.gib, 0);
        return {
          resource: instance.id,
          account: instance.account,
          monthlyWasteCents: volumesCents(instance.volumes, instance.region),
          reason: `The instance ${instance.id} is stopped; its volumes (${gib} GiB) are charged all the same.`,
          remedy: `Start it, or make an image and aws ec2 terminate-instances --region ${instance.region} --instance-ids ${instance.id}`,
        };
      });

/** A load balancer that neither forwards to a target nor answers by itself. */
export const idleLoadBalancer = (balancer: CloudFacts, nowMs: number): readonly Zombie[] =>
  idle("load-balancer-idle", balancer.sinceMs, nowMs, () => ({
    resource: balancer.id,
    account: balancer.account,
    monthlyWasteCents: monthlyCents("load-balancer", balancer.region),
    reason: `The load balancer ${balancer.id} forwards to no target, and answers nothing by itself.`,
    remedy: `If no name points to it: aws elbv2 delete-load-balancer --region ${balancer.region} --load-balancer-arn ${balancer.id}`,
  }));
