const mostPrefix = 200;

/**
 * What is wrong with what precedes `AWSLogs/` in the keys of a trail; null: nothing. A trail of an organization has its id behind that
 * (`AWSLogs/o-exampleorgid/`), and then that belongs to it.
 */
export const prefixFault = (prefix: string): string | null => {
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
