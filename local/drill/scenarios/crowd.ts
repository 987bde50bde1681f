import type { Outside } from "../outside.ts";
import { createVisitors } from "../visitors.ts";

const atOnce = 10;

/** So many visitors, now: how many DNS sent to the backup, and how many were served. */
export const sendCrowd = async (
  world: Outside,
  visitors: number,
): Promise<{ readonly toBackup: number; readonly served: number; readonly told: string }> => {
  const { visit, visits } = createVisitors(world);
  for (let come = 0; come < visitors; come += atOnce) await Promise.all(Array.from({ length: Math.min(atOnce, visitors - come) }, visit));
  const [toBackup, served] = [visits.filter(({ cdn }) => cdn === "backup").length, visits.filter((one) => one.served).length];
  return { toBackup, served, told: `of ${visitors} visitors ${toBackup} reach the backup, ${served} are served` };
};
