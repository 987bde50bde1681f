import { fixedKeys } from "../adapters/aws/keys.ts";
import { createCostEventStore } from "../adapters/db/cost/events.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import type { Archive, OpenFolder } from "../adapters/ports/cost/archive.ts";
import type { CostDeps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import { createS3Archive } from "../adapters/s3/archive.ts";
import { createS3 } from "../adapters/s3/s3.ts";
import type { Config } from "../config.ts";
import { ConfigError } from "../config.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** Null: no file system here, and no archive in a folder. */
  readonly openFolder: OpenFolder | null;
};

/** How long the archive may keep silent. Whoever sent the events waits for it. */
const archiveAnswerMs = 8_000;

/** @throws ConfigError where this runtime has no such place */
const archiveOf = ({ config: { archive }, clock, fetch, openFolder }: Needs): Archive | null => {
  if (archive === null) return null;
  const { place, region, endpoint, credentials } = archive;
  if (place.kind === "folder") {
    if (openFolder !== null) return openFolder(place.url);
    throw new ConfigError("configuration refused: ARCHIVE_URL is a folder, and this runtime has no file system: give it an s3:// URL");
  }
  if (credentials === null) return null;
  const { bucket, prefix } = place;
  const options = {
    bucket,
    region,
    endpoint: endpoint ?? undefined,
    keys: fixedKeys(credentials),
    fetch,
    clock,
    timeoutMs: archiveAnswerMs,
  };
  return createS3Archive(createS3(options), prefix);
};

/** Events of cost. */
export const buildCost = (needs: Needs): CostDeps => ({
  costEvents: createCostEventStore(needs.db),
  archive: archiveOf(needs),
  scoreSoon: () => {},
});
