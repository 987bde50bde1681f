/**
 * What the bundle takes for "is-unsafe" (`alias` in wrangler.toml). fast-xml-parser asks it about entities that a DOCTYPE
 * declares, and no document with a DOCTYPE reaches it (`adapters/route53/api/xml.ts`); one that did would have them all refused.
 */
export const isUnsafe = (): boolean => true;
export const HTML: readonly RegExp[] = [];
export const XML: readonly RegExp[] = [];
