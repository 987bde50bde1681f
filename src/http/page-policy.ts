import { sha256, toBase64 } from "./digest.ts";

/** No resources and no scripts: a page is text and this one style. */
export const pagePolicy = async (style: string): Promise<string> =>
  `default-src 'none'; style-src 'sha256-${toBase64(await sha256(style))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
