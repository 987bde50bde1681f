/**
 * Variables of the Worker that differ from their defaults on one machine: CDNs and names are its own, so nothing is there to
 * protect or to prove, and nobody waits a day to see what a storm earns.
 */
export const atHome = { ALLOW_PRIVATE_TARGETS: "true", DOMAIN_VERIFICATION: "off", CREDIT_WAITING_PERIOD: "0s" } as const;
