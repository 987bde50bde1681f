const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far back the first reading of a trail goes: what the usual of an hour of the day is learnt from. */
export const firstReadingMs = 14 * dayMs;

/** How far before the last file that was read files are looked for again: CloudTrail may deliver one late, and listings may show one late. */
export const listedAgainMs = hourMs;

/** A file that says it is of later than this is not followed: everything after it would count as read. */
const aheadMs = dayMs;

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

const digits = (value: number, length: number): string => `${value}`.padStart(length, "0");

/** Days since 1970 as year, month, day (H. Hinnant, "chrono-compatible low-level date algorithms"). */
const civil = (days: number): readonly [year: number, month: number, day: number] => {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const ofEra = z - era * 146_097;
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - Math.floor((153 * shifted + 2) / 5) + 1];
};

const daysOf = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear - 719_468;
};

/** A key that sorts before every file of this minute and later, and after those of before. */
export const keyAt = ({ prefix, awsAccount, region }: TrailPlace, atMs: number): string => {
  const minutes = Math.floor(atMs / 60_000);
  const [year, month, day] = civil(Math.floor(minutes / 1_440));
  const [y, m, d] = [digits(year, 4), digits(month, 2), digits(day, 2)];
  const ofDay = ((minutes % 1_440) + 1_440) % 1_440;
  const time = `${digits(Math.floor(ofDay / 60), 2)}${digits(ofDay % 60, 2)}`;
  return `${prefix}${y}/${m}/${d}/${awsAccount}_CloudTrail_${region}_${y}${m}${d}T${time}`;
};

const fileName =
  /^(\d{4})\/(\d{2})\/(\d{2})\/(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})Z_[\w-]{1,64}\.json\.gz$/;

/** When a log file was delivered, by its name; null: it is no log file of this place, as a digest or anything else that lies there. */
export const deliveredMs = ({ prefix, awsAccount, region }: TrailPlace, key: string): number | null => {
  if (!key.startsWith(prefix)) return null;
  const found = fileName.exec(key.slice(prefix.length));
  if (found === null) return null;
  const [, , , , account, inRegion, year, month, day, hour, minute] = found;
  if (account !== awsAccount || inRegion !== region) return null;
  const atMs = daysOf(Number(year), Number(month), Number(day)) * dayMs + (Number(hour) * 60 + Number(minute)) * 60_000;
  return atMs;
};

/** Whether a file is to be read now: one that claims to be of a day that has not come yet waits for it. */
export const isOfNow = (atMs: number, nowMs: number): boolean => atMs <= nowMs + aheadMs;

/** Behind which key a listing begins. @param lastKey the last file that was read; null: none was */
export const listedFrom = (place: TrailPlace, lastKey: string | null, sinceMs: number): string => {
  const readMs = lastKey === null ? null : deliveredMs(place, lastKey);
  return keyAt(place, readMs === null ? sinceMs - firstReadingMs : readMs - listedAgainMs);
};
