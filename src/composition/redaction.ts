import type { Config } from "../config.ts";

/** As written in the connection string, and decoded where it can be. */
const passwordsIn = (databaseUrl: string): readonly string[] => {
  const raw = /^[^:]+:\/\/[^:@/]+:([^@]*)@/.exec(databaseUrl)?.[1] ?? "";
  return /%(?![0-9a-f]{2})/i.test(raw) ? [raw] : [raw, decodeURIComponent(raw)];
};

/** Texts that must never be in a log line. */
export const secretsOf = (config: Config): readonly string[] => {
  const { auth, route53, cloudflare } = config;
  const keys = route53.credentials;
  return [
    auth.adminToken,
    auth.jwtSecret,
    auth.gatewaySecret,
    config.metricsToken,
    config.cronSecret,
    config.wauReadToken,
    keys?.secretAccessKey,
    keys?.sessionToken,
    cloudflare?.apiToken,
    config.fastly?.apiToken,
    config.mail?.api?.token,
    config.mail?.smtp?.login?.password,
    config.archive?.credentials?.secretAccessKey,
    ...config.secretsKeys,
    config.evidence.signingKey,
    ...passwordsIn(config.databaseUrl),
  ].filter((text) => typeof text === "string");
};
