import { site } from "../outside.ts";
import type { Scenario } from "../stage.ts";
import { sendCrowd } from "./crowd.ts";

const checkId = "5b1e0c7a-3f42-4d58-9a6e-0c1d2e3f4a5b";
const visitors = 100;

/**
 * Somebody has attached a health check to the backup's record, and Route 53's checkers do not get past that CDN: at 0/100 it
 * answers the dead primary all the same.
 */
export const healthChecked: Scenario = {
  title: "somebody's health check keeps visitors from the backup",
  env: { DRIFT_CHECK: "1s" },
  play: async ({ world, api, serviceId, tell, measure, until, routing, storms, switches, weights }) => {
    const { route53, zoneId, cdns } = world;
    await until("calm", 20_000, async () => ((await routing()).domains[0]?.status === "found" ? true : null));
    route53.seed(zoneId, [
      { name: site.host, type: "CNAME", ttlSeconds: 5, setIdentifier: "backup", weight: 0, values: [site.backup], healthCheckId: checkId },
    ]);
    route53.setHealth(checkId, "unhealthy");
    tell("a health check on the backup fails", weights() === "100/0", checkId);
    const { checks } = await api.send<{ checks: readonly { result: string; detail: string; mend: string | null }[] }>(
      "POST",
      `/v1/services/${serviceId}/readiness/check`,
      undefined,
    );
    const warned = checks.find(({ result, detail }) => result === "fail" && detail.includes(checkId));
    tell("readiness says so before any storm", warned !== undefined, warned?.mend ?? "nothing of it is said");
    // The check itself rewrites each record unchanged, which proves the permission.
    const before = switches().length;

    await cdns.primary.setFault({ kind: "5xx" });
    await until("the weights are moved", 30_000, () => (weights() === "0/100" ? true : null));
    await until("Route 53 is in sync", 20_000, async () => ((await routing()).changes[0]?.result === "insync" ? true : null));
    const stuck = await sendCrowd(world, visitors);
    tell("and no visitor follows", stuck.toBackup === 0, stuck.told);
    const claimed = await routing();
    tell(
      "nobody is told that they do",
      claimed.state !== "shifted" && claimed.reason === "health_check",
      `${claimed.state}: ${claimed.reason}`,
    );

    route53.setHealth(checkId, "healthy");
    await until("shifted, once the check is mended", 30_000, async () => ((await routing()).state === "shifted" ? true : null));
    const moved = await sendCrowd(world, visitors);
    tell("visitors reach the backup", moved.toBackup === visitors && moved.served === visitors, moved.told);

    await cdns.primary.setFault({ kind: "healthy" });
    await until("the storm ends", 40_000, async () => ((await storms())[0]?.state === "ended" ? true : null));
    await until("back to normal", 20_000, () => (weights() === "100/0" ? true : null));
    const back = await sendCrowd(world, visitors);
    tell("visitors are back at the primary", back.toBackup === 0 && back.served === visitors, back.told);
    measure("visitors at the backup while the check failed", String(stuck.toBackup), "0, and said so", stuck.toBackup === 0);
    measure("visitors at the backup once it was mended", String(moved.toBackup), String(visitors), moved.toBackup === visitors);
    measure("DNS changes by tranche", String(switches().length - before), "2", switches().length - before === 2);
  },
};
