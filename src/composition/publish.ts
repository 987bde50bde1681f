import type { Database } from "../adapters/db/platform/client.ts";
import { createStatusIncidentStore } from "../adapters/db/publish/status-incidents.ts";
import { createStatusPageStore } from "../adapters/db/publish/status-pages.ts";
import { createStatusSnapshots } from "../adapters/db/publish/status-snapshots.ts";
import { createPublishedPages } from "../adapters/platform/published-pages.ts";
import type { PlatformDeps, PublishDeps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";

type Needs = { readonly db: Database; readonly clock: Clock; readonly background: PlatformDeps["background"] };

/** What customers publish. */
export const buildPublish = ({ db, clock, background }: Needs): PublishDeps => ({
  statusPages: createStatusPageStore(db),
  statusIncidents: createStatusIncidentStore(db),
  publishedPages: createPublishedPages({ store: createStatusSnapshots(db), clock, background }),
});
