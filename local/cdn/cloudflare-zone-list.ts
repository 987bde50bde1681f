import { restRefusal } from "./cloudflare-replies.ts";
import type { Reply } from "./cloudflare-replies.ts";

export type CloudflareZone = {
  readonly id: string;
  readonly name: string;
  readonly status?: "active" | "pending";
  /** False: the token lists the zone but may not read its analytics. */
  readonly analytics?: boolean;
};

const PAGE_SIZE = { min: 5, default: 20, max: 50 };

/** `GET /zones`: filters `account.id`, `name` and `status`, paged by `page` and `per_page`. */
export function listZones(accountId: string, zones: readonly CloudflareZone[], search: URLSearchParams, isEndless = false): Reply {
  const page = Number(search.get("page") ?? 1);
  const perPage = Number(search.get("per_page") ?? PAGE_SIZE.default);
  const goodSize = Number.isInteger(perPage) && perPage >= PAGE_SIZE.min && perPage <= PAGE_SIZE.max;
  if (!Number.isInteger(page) || page < 1 || !goodSize) {
    return restRefusal(400, { code: 1007, message: `page from 1, per_page ${PAGE_SIZE.min} to ${PAGE_SIZE.max}` });
  }
  const found = zones.filter(
    ({ name, status = "active" }) =>
      (search.get("account.id") ?? accountId) === accountId &&
      (search.get("name") ?? name) === name &&
      (search.get("status") ?? status) === status,
  );
  const shown = isEndless ? 1 : page;
  const rows = found.slice((shown - 1) * perPage, shown * perPage);
  const account = { id: accountId, name: "local" };
  return {
    status: 200,
    body: {
      success: true,
      errors: [],
      messages: [],
      result: rows.map(({ id, name, status = "active" }) => ({ id, name, status, paused: false, account })),
      result_info: {
        page,
        per_page: perPage,
        count: rows.length,
        total_count: found.length,
        total_pages: isEndless ? page + 1 : Math.ceil(found.length / perPage),
      },
    },
  };
}
