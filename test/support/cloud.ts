import { onTestFinished } from "vitest";
import type { CloudServer, CloudServerOptions } from "../../local/ec2/server.ts";
import { startCloud } from "../../local/ec2/server.ts";
import type { Site, SiteAccount } from "../../local/ec2/site.ts";
import type { CostAccess } from "../../src/adapters/ports/cost/access.ts";
import { fixedKeys } from "../../src/adapters/aws/keys.ts";

export const cloudKeys = { accessKeyId: "AKIALOCALCLOUD000001", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
export const cloudAccountId = "123456789012";

/** EC2 and Elastic Load Balancing, closed after the test, of one account with what there is by region. */
export const startTestCloud = async (
  regions: Record<string, Site>,
  { denied, ...more }: Partial<CloudServerOptions> & Pick<SiteAccount, "denied"> = {},
): Promise<CloudServer> => {
  const account = { accountId: cloudAccountId, keys: cloudKeys, regions, ...(denied && { denied }) };
  const server = await startCloud({ accounts: [account], ...more });
  onTestFinished(async () => await server.close());
  return server;
};

/** The access to that account. */
export const cloudAccess = (more: Partial<CostAccess> = {}): CostAccess => ({
  customerId: 1,
  id: 1,
  name: "production",
  region: "eu-central-1",
  bucket: null,
  prefix: "",
  awsAccounts: [cloudAccountId],
  regions: ["eu-central-1"],
  createdAtMs: 0,
  keys: fixedKeys(cloudKeys),
  ...more,
});

/** So many of something, by their position. */
export const many = <Item>(count: number, item: (position: number) => Item): Item[] => Array.from({ length: count }, (_, at) => item(at));
