import { items, optionalCount, optionalText, text, type XmlNode, XmlShapeError } from "../aws/xml.ts";
import type { Form, QueryApi } from "./ask.ts";
import type { Listing } from "./listing.ts";

/** The Query API of EC2. */
export const ec2: QueryApi = {
  name: "ec2",
  label: "EC2",
  root: "",
  contentType: "application/x-www-form-urlencoded",
  version: "2016-11-15",
};

/** An Elastic IP. */
export type Address = { readonly id: string; readonly isLoose: boolean };

/** A volume, and the instances that it is attached to. */
export type Volume = { readonly id: string; readonly type: string; readonly gib: number; readonly instances: readonly string[] };

/** A stopped instance. @see stoppedAt */
export type Instance = { readonly id: string; readonly owner: string; readonly stoppedMs: number | null };

/** How long a page may be: as long as the answers to it are read at once. */
const perPage: Form = { MaxResults: "500" };

const nextOf = (node: XmlNode): string | null => {
  const next = optionalText(node, "nextToken");
  return next === undefined || next === "" ? null : next;
};

const isSaid = (value: string | undefined): boolean => value !== undefined && value !== "";

/**
 * When an instance was stopped, by the reason of its last transition: `User initiated (2026-11-20 10:00:00 GMT)`. Null: it does not say,
 * as where AWS stopped it.
 */
export const stoppedAt = (reason: string): number | null => {
  const [, day, time] = /\((\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) GMT\)/.exec(reason) ?? [];
  const atMs = Date.parse(`${day}T${time}Z`);
  return Number.isNaN(atMs) ? null : atMs;
};

/** It has no pages. An address that a service of AWS manages is that service's to release, whether it is in use or not. */
export const addressListing: Listing<Address> = {
  action: "DescribeAddresses",
  page: {},
  token: "NextToken",
  read: (node) => ({
    items: items(node, "addressesSet", "item").map((address) => ({
      id: text(address, "allocationId"),
      isLoose: !["associationId", "instanceId", "networkInterfaceId", "serviceManaged"].some((name) => isSaid(optionalText(address, name))),
    })),
    next: null,
  }),
};

const gibOf = (volume: XmlNode): number => {
  const gib = optionalCount(volume, "size");
  if (gib === undefined) throw new XmlShapeError("<size> is missing");
  return gib;
};

export const volumeListing: Listing<Volume> = {
  action: "DescribeVolumes",
  page: perPage,
  token: "NextToken",
  read: (node) => ({
    items: items(node, "volumeSet", "item").map((volume) => ({
      id: text(volume, "volumeId"),
      type: text(volume, "volumeType"),
      gib: gibOf(volume),
      instances: items(volume, "attachmentSet", "item").map((attachment) => optionalText(attachment, "instanceId") ?? ""),
    })),
    next: nextOf(node),
  }),
};

export const instanceListing: Listing<Instance> = {
  action: "DescribeInstances",
  page: perPage,
  token: "NextToken",
  read: (node) => ({
    items: items(node, "reservationSet", "item").flatMap((reservation) =>
      items(reservation, "instancesSet", "item").map((instance) => ({
        id: text(instance, "instanceId"),
        owner: text(reservation, "ownerId"),
        stoppedMs: stoppedAt(optionalText(instance, "reason") ?? ""),
      })),
    ),
    next: nextOf(node),
  }),
};

/** A filter of a listing: one of these values. */
export const filter = (name: string, values: readonly string[]): Form => ({
  "Filter.1.Name": name,
  ...Object.fromEntries(values.map((value, index) => [`Filter.1.Value.${index + 1}`, value])),
});
