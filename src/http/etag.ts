/** Whether a client has what it asks for already: its `If-None-Match` (RFC 9110 §13.1.2), compared weakly, as intermediaries that compress make tags weak. */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === "*" || ifNoneMatch.split(",").some((one) => one.trim().replace(/^W\//, "") === etag));
