/**
 * The bundle's replacement of "is-unsafe" (`alias` in wrangler.toml). fast-xml-parser asks it about entities that a DOCTYPE
 * declares, and no document with a DOCTYPE reaches it (`adapters/route53/api/xml.ts`); if one did, all would be refused.
 */
export const isUnsafe = (): boolean => true;
export const HTML: readonly RegExp[] = [];
export const XML: readonly RegExp[] = [];
