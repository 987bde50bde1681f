import type { CostAccess } from "../../adapters/ports/cost/access.ts";
import type { TrailFiles, TrailProblem } from "../../adapters/ports/cost/trail-files.ts";
import type { Budget } from "../../adapters/ports/platform/budget.ts";
import { accountOf } from "../../domain/cost/cloudtrail.ts";
import type { RecordBatch } from "../../domain/cost/read-records.ts";
import { readRecords } from "../../domain/cost/read-records.ts";
import type { TrailPlace } from "../../domain/cost/trail.ts";
import type { IngestDeps } from "./ingest.ts";
import { ingestEvents } from "./ingest.ts";

/**
 * For the bucket, and for the archive: what is archived while a file is read must not wait for the connection by which that is read.
 */
export type FileBudgets = { readonly files: Budget; readonly archive: Budget };

/** What came of a file. `problem` null: it was read to its end, and all of it is stored. */
export type FileReading = {
  readonly records: number;
  readonly accepted: number;
  readonly problem: TrailProblem | null;
  /** What of it was left out, in words for the customer; null: nothing was. */
  readonly note: string | null;
};

/** A statement carries a batch whole. */
const limits = { records: 1_000, chars: 1_048_576 };
const ends = { cut: "it ends in the middle", malformed: "it is not the JSON of CloudTrail" } as const;

/** The records of accounts that are watched: whatever else a bucket holds is not this customer's to have scored. */
const watched = ({ texts, values }: RecordBatch, awsAccounts: ReadonlySet<string>): RecordBatch & { readonly strange: number } => {
  const own = values.map((value) => {
    const account = accountOf(value);
    // What names no account is no record: ingestion says so.
    return account === null || awsAccounts.has(account);
  });
  const strange = own.filter((isOwn) => !isOwn).length;
  if (strange === 0) return { texts, values, strange };
  return { texts: texts.filter((_, at) => own[at]), values: values.filter((_, at) => own[at]), strange };
};

/**
 * Reads a file of a trail while it comes in, and has it stored batch by batch. The cursor moves with the last one, so that whoever dies before
 * that reads the file again, and what was stored of it is known by its ids.
 * @param movesCursor whether it does: not past a file that failed, as long as that is not noted
 * @throws where the database or the archive is away
 */
export const readFile = async (
  deps: IngestDeps & { readonly trailFiles: TrailFiles },
  access: CostAccess,
  { prefix }: TrailPlace,
  key: string,
  movesCursor: boolean,
  budgets: FileBudgets,
): Promise<FileReading> => {
  const awsAccounts = new Set(access.awsAccounts);
  const { customerId, id: accountId } = access;
  let [records, accepted, strange, rejected] = [0, 0, 0, 0];

  const store = async (batch: RecordBatch, isLast: boolean): Promise<void> => {
    const own = watched(batch, awsAccounts);
    records += batch.values.length;
    strange += own.strange;
    if (own.values.length === 0 && !isLast) return;
    const text = `{"Records":[${own.texts.join(",")}]}`;
    const cursor = isLast && movesCursor ? { accountId, prefix, lastKey: key } : null;
    const ingested = await ingestEvents(
      deps,
      { customerId, source: "s3", text, values: own.values, pointer: "/Records", cursor },
      budgets.archive,
    );
    accepted += ingested.accepted;
    rejected += ingested.rejected.length;
  };

  const read = await deps.trailFiles.read(access, key, budgets.files, async (content) => await readRecords(content, limits, store));
  if (!read.ok) return { records, accepted, problem: read.problem, note: null };
  const { end, tooLarge, unreadable } = read.value;
  const problem: TrailProblem | null = end === "cut" || end === "malformed" ? { kind: "file", words: ends[end] } : null;
  const left = [
    ...(strange > 0 ? [`${strange} of accounts that are not among aws_accounts`] : []),
    ...(tooLarge > 0 ? [`${tooLarge} too large`] : []),
    ...(unreadable + rejected > 0 ? [`${unreadable + rejected} that are no records`] : []),
  ];
  return { records, accepted, problem, note: left.length === 0 ? null : `${key}: left out ${left.join(", ")}` };
};
