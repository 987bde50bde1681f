import { randomBytes } from "node:crypto";
import {
  ChangeResourceRecordSetsCommand,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from "@aws-sdk/client-route-53";
import type { ChangeBatch, RRType } from "@aws-sdk/client-route-53";
import type { Opened } from "../../../local/closers.ts";
import { startDnsTcp } from "../../../local/route53/dns-tcp.ts";
import { startDoh } from "../../../local/route53/doh.ts";
import type { PolicyDocument } from "../../../local/route53/iam-document.ts";
import { startRoute53 } from "../../../local/route53/server.ts";
import type { Route53Server } from "../../../local/route53/server.ts";

const administrator = {
  accessKeyId: "AKIAADMINISTRATOR000",
  secretAccessKey: randomBytes(30).toString("base64"),
  accountId: "123456789012",
};

export type Aws = {
  readonly route53: Route53Server;
  /** What leads a deployment to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Carries out `aws ARGS`, of which a `file://` is read already. @returns what it prints @throws on what it does not know */
  readonly command: (args: readonly string[]) => Promise<unknown>;
};

const option = (args: readonly string[], name: string): string => {
  const value = args[args.indexOf(name) + 1];
  if (!args.includes(name) || value === undefined) throw new Error(`aws ${args.join(" ")}: ${name} is missing`);
  return value;
};

/**
 * An AWS account with one zone, and as much of the AWS CLI as the guide uses: Route 53 by AWS's own client against the local server, IAM
 * as the few rules that matter: a user may do nothing until a policy is attached.
 * @param alias what a target is called in DNS: a toy CDN has an address only
 */
export const startAws = async (opened: Opened, zone: string, alias: (target: string) => string): Promise<Aws> => {
  const users = new Set<string>();
  const keys = new Map<string, { accessKeyId: string; secretAccessKey: string; user: string }>();
  const documents = new Map<string, PolicyDocument>();
  const attached = new Map<string, PolicyDocument[]>();
  const route53 = opened(
    await startRoute53({
      ...administrator,
      zones: [{ name: zone }],
      insyncAfterMs: 500,
      sessions: (id) => {
        const key = keys.get(id);
        return key && { ...key, accountId: administrator.accountId, policies: attached.get(key.user) ?? [] };
      },
    }),
  );
  const doh = opened(await startDoh({ zones: route53 }));
  const nameServers = opened(await startDnsTcp({ zones: route53 }));
  const client = new Route53Client({ endpoint: route53.url, region: "us-east-1", credentials: administrator });
  opened({ close: async () => client.destroy() });

  const iam: Readonly<Record<string, (args: readonly string[]) => unknown>> = {
    "create-user": (args) => {
      users.add(option(args, "--user-name"));
      return { User: { UserName: option(args, "--user-name") } };
    },
    "create-access-key": (args) => {
      const user = option(args, "--user-name");
      if (!users.has(user)) throw new Error(`there is no user ${user}`);
      if ([...keys.values()].filter((key) => key.user === user).length === 2) throw new Error("a user has two keys at most");
      const key = {
        accessKeyId: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
        secretAccessKey: randomBytes(30).toString("base64"),
        user,
      };
      keys.set(key.accessKeyId, key);
      return { AccessKey: { UserName: user, AccessKeyId: key.accessKeyId, Status: "Active", SecretAccessKey: key.secretAccessKey } };
    },
    "create-policy": (args) => {
      const arn = `arn:aws:iam::${administrator.accountId}:policy/${option(args, "--policy-name")}`;
      documents.set(arn, JSON.parse(option(args, "--policy-document")) as PolicyDocument);
      return { Policy: { Arn: arn } };
    },
    "attach-user-policy": (args) => {
      const document = documents.get(option(args, "--policy-arn"));
      if (document === undefined) throw new Error("there is no such policy");
      attached.set(option(args, "--user-name"), [document]);
    },
  };
  const dns: Readonly<Record<string, (args: readonly string[]) => Promise<unknown>>> = {
    "list-hosted-zones-by-name": async (args) =>
      await client.send(new ListHostedZonesByNameCommand({ DNSName: option(args, "--dns-name") })),
    "list-resource-record-sets": async (args) =>
      await client.send(
        new ListResourceRecordSetsCommand({
          HostedZoneId: option(args, "--hosted-zone-id"),
          StartRecordName: option(args, "--start-record-name"),
          StartRecordType: option(args, "--start-record-type") as RRType,
        }),
      ),
    "change-resource-record-sets": async (args) => {
      const ChangeBatch = JSON.parse(option(args, "--change-batch"), (_, value: unknown) =>
        typeof value === "string" ? alias(value) : value,
      ) as ChangeBatch;
      return await client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: option(args, "--hosted-zone-id"), ChangeBatch }));
    },
  };
  return {
    route53,
    env: { ROUTE53_ENDPOINT: route53.url, DOH_ENDPOINTS: doh.url, NAME_SERVERS_ENDPOINT: nameServers.address },
    command: async ([service = "", operation = "", ...args]) => {
      const run = service === "iam" ? iam[operation] : service === "route53" ? dns[operation] : undefined;
      if (run === undefined) throw new Error(`the guide uses aws ${service} ${operation}, which this test does not know`);
      return (await run(args)) ?? null;
    },
  };
};
