import { rfc3339 } from "../platform/calendar.ts";
import { parseUtc } from "./utc-time.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far back the first reading of a trail goes: what the usual of an hour of the day is learnt from. */
export const firstReadingMs = 14 * dayMs;

/** How far before the last file that was read files are looked for again: CloudTrail may deliver one late, and listings may show one late. */
export const listedAgainMs = hourMs;

/**
 * A file that says it is of later than this waits for its time. Well within what is listed again: by a cursor further ahead, everything that is
 * written until then would count as read, and whoever can write one file into the bucket would have blinded the watch.
 */
const aheadMs = listedAgainMs / 4;

/** Files of one account and region of a trail. */
export type TrailPlace = { readonly prefix: string; readonly awsAccount: string; readonly region: string };

/** Where the files of an account lie, of all regions. @param prefix of the keys, empty or with a slash at its end */
export const accountPrefix = (prefix: string, awsAccount: string): string =>
  // Of an organization's trail the prefix has AWSLogs/ in it.
  `${prefix}${/(?:^|\/)AWSLogs\/o-[a-z0-9]+\/$/.test(prefix) ? "" : "AWSLogs/"}${awsAccount}/CloudTrail/`;

/** Where the files of an account and region lie: a cursor each. */
export const trailPlaces = (prefix: string, awsAccounts: readonly string[], regions: readonly string[]): TrailPlace[] =>
  awsAccounts.flatMap((awsAccount) =>
    regions.map((region) => ({ prefix: `${accountPrefix(prefix, awsAccount)}${region}/`, awsAccount, region })),
  );

/** A key that sorts before every file of this minute and later, and after those of before. */
export const keyAt = ({ prefix, awsAccount, region }: TrailPlace, atMs: number): string => {
  const [day = "", time = ""] = rfc3339(atMs).split("T");
  const stamp = `${day.replaceAll("-", "")}T${time.slice(0, 5).replace(":", "")}`;
  return `${prefix}${day.replaceAll("-", "/")}/${awsAccount}_CloudTrail_${region}_${stamp}`;
};

const fileName = /^\d{4}\/\d\d\/\d\d\/(\d{12})_CloudTrail_([a-z\d-]+)_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z_[\w-]{1,64}\.json\.gz$/;

/** When a log file was delivered, by its name; null: it is no log file of this place, as a digest or anything else that lies there. */
export const deliveredMs = ({ prefix, awsAccount, region }: TrailPlace, key: string): number | null => {
  if (!key.startsWith(prefix)) return null;
  const [, account, inRegion, year, month, day, hour, minute] = fileName.exec(key.slice(prefix.length)) ?? [];
  return account === awsAccount && inRegion === region ? parseUtc(`${year}-${month}-${day}T${hour}:${minute}:00Z`) : null;
};

/** Whether a file is to be read now: one that claims to be of a time that has not come yet waits for it. */
export const isOfNow = (atMs: number, nowMs: number): boolean => atMs <= nowMs + aheadMs;

/** Behind which key a listing begins. @param lastKey the last file that was read; null: none was */
export const listedFrom = (place: TrailPlace, lastKey: string | null, sinceMs: number): string => {
  const readMs = lastKey === null ? null : deliveredMs(place, lastKey);
  return keyAt(place, readMs === null ? sinceMs - firstReadingMs : readMs - listedAgainMs);
};
