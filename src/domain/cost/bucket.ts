/** Names that AWS keeps for its own (Amazon S3 User Guide, "General purpose buckets naming rules"). */
const reserved = /^(?:xn--|sthree-|amzn-s3-demo-)|(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;
const mostPrefix = 200;

/** What is wrong with the name of a general purpose bucket; null: nothing. */
export const bucketProblem = (name: string): string | null => {
  if (name.length < 3 || name.length > 63) return "must have 3 to 63 characters";
  if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])$/.test(name)) return "must be of a-z, 0-9, dots and hyphens, with a letter or digit at both ends";
  if (name.includes("..")) return "must not have two dots in a row";
  if (/^(?:\d{1,3}\.){3}\d{1,3}$/.test(name)) return "must not look like an IP address";
  return reserved.test(name) ? "must not begin or end as names that AWS keeps for itself" : null;
};

/**
 * What is wrong with what precedes `AWSLogs/` in the keys of a trail; null: nothing. A trail of an organization has its id behind that
 * (`AWSLogs/o-exampleorgid/`), and then that belongs to it.
 */
export const prefixProblem = (prefix: string): string | null => {
  if (prefix === "") return null;
  if (prefix.length > mostPrefix) return `must have at most ${mostPrefix} characters`;
  if (!/^[\w!.*'()/-]+$/.test(prefix)) return "must be of letters, digits and ! - _ . * ' ( ) /";
  const parts = prefix.replace(/\/$/, "").split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    return "must not begin with a slash, nor have an empty, . or .. part";
  const logs = parts.indexOf("AWSLogs");
  if (logs === -1) return null;
  const isOrganization = logs === parts.length - 2 && /^o-[a-z0-9]{10,32}$/.test(parts.at(-1) ?? "");
  return isOrganization ? null : "must be what precedes AWSLogs/, or end with AWSLogs/ and the id of an organization";
};

/** As it is kept: with a slash at its end, or empty. */
export const slashed = (prefix: string): string => (prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`);
