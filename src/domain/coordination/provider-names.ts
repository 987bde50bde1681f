/** Where tranche runs: both providers of a pair have a name of their own, and so have their samples. `local` is a laptop. */
export const providerNames = ["cloudflare", "vercel", "self-hosted", "local"] as const;

export type ProviderName = (typeof providerNames)[number];

/** Whom each watches where nothing else is said (`PEER_PROVIDER`). */
export const usualPeer = (provider: ProviderName): ProviderName => (provider === "cloudflare" ? "vercel" : "cloudflare");
