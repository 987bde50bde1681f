/** What a status page may not be called: it would look like a page of the operator's, or of tranche. */
export const reservedSlugs: ReadonlySet<string> = new Set(
  ["about", "abuse", "account", "admin", "administrator", "api", "app", "assets", "auth", "billing", "console", "dashboard", "docs"].concat(
    ["feed", "health", "healthz", "help", "history", "home", "index", "internal", "legal", "login", "logout", "mail", "metrics", "new"],
    ["null", "operator", "privacy", "readyz", "root", "search", "security", "settings", "signin", "sign-in", "signup", "static"],
    ["status", "status-page", "summary", "support", "system", "terms", "test", "tranche", "undefined", "well-known", "www"],
  ),
);

/** Lower-case letters, digits and hyphens, 3 to 63 of them, no hyphen at either end: as a DNS label, which it may become. */
export const slugPattern = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** What is wrong with the address of a status page; null: nothing. */
export const slugFault = (slug: string): string | null => {
  if (!slugPattern.test(slug)) return "must be 3 to 63 lower-case letters, digits and hyphens, without a hyphen at either end";
  return reservedSlugs.has(slug) ? "is reserved" : null;
};
