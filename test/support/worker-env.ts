import { inject } from "vitest";

/**
 * For tests in the Workers project: an environment as a Worker would see it, with an own, migrated, otherwise empty
 * database. About 50 ms; the database goes with the run.
 */
export const freshEnv = async (
  overrides: Readonly<Record<string, string>> = {},
): Promise<
  Record<string, string> & { DATABASE_URL: string; OWNER_DATABASE_URL: string; NEON_FETCH_ENDPOINT: string; ADMIN_TOKEN: string }
> => {
  const { control, fetchEndpoint } = inject("database");
  const response = await fetch(control, { method: "POST" });
  if (!response.ok) throw new Error(await response.text());
  const { url, appUrl } = (await response.json()) as { url: string; appUrl: string };
  return {
    DATABASE_URL: appUrl,
    OWNER_DATABASE_URL: url,
    NEON_FETCH_ENDPOINT: fetchEndpoint,
    PROVIDER: "local",
    ADMIN_TOKEN: "admin-token-for-tests-0123456789abcdef",
    DOMAIN_VERIFICATION: "off",
    ALLOW_PRIVATE_TARGETS: "true",
    SECRETS_KEY: btoa("sealing key of the tests, 32 byt"),
    // Nobody answers there: a test that means AWS says whose stand-in it is.
    STS_ENDPOINT: "http://127.0.0.1:9",
    S3_ENDPOINT: "http://127.0.0.1:9",
    ...overrides,
  };
};
