import { randomBytes } from "node:crypto";
import type { Opened } from "../closers.ts";
import { startDnsTcp } from "./dns-tcp.ts";
import type { DohServer } from "./doh.ts";
import { startDoh } from "./doh.ts";
import type { Route53Options, Route53Server } from "./server.ts";
import { startRoute53 } from "./server.ts";

/** A name of a zone, and where its two records lead. */
export type Site = { readonly zone: string; readonly host: string; readonly primary: string; readonly backup: string };

export type SiteDns = {
  /** The site's zone is its first. */
  readonly route53: Route53Server;
  readonly doh: DohServer;
  /** What connects a provider to it. */
  readonly env: Readonly<Record<string, string>>;
};

/** The DNS of a site on this machine: Route 53 with its pair of weighted records, a resolver and name servers before it. */
export const startSiteDns = async (
  opened: Opened,
  site: Site,
  options: Pick<Route53Options, "accessKeyId"> & Partial<Pick<Route53Options, "accounts" | "zones">>,
): Promise<SiteDns> => {
  const { accessKeyId, accounts = [], zones = [] } = options;
  const secretAccessKey = randomBytes(30).toString("base64");
  const route53 = opened(
    await startRoute53({ accessKeyId, secretAccessKey, accounts, zones: [{ name: site.zone }, ...zones], insyncAfterMs: 2_000 }),
  );
  const record = { name: site.host, type: "CNAME", ttlSeconds: 5 } as const;
  route53.seed(route53.zones[0]?.id ?? "", [
    { ...record, setIdentifier: "primary", weight: 100, values: [site.primary] },
    { ...record, setIdentifier: "backup", weight: 0, values: [site.backup] },
  ]);
  const doh = opened(await startDoh({ zones: route53 }));
  const nameServers = opened(await startDnsTcp({ zones: route53 }));
  return {
    route53,
    doh,
    env: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ROUTE53_ENDPOINT: route53.url,
      DOH_ENDPOINTS: doh.url,
      NAME_SERVERS_ENDPOINT: nameServers.address,
    },
  };
};
