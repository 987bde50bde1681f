/** Fields of forms that hold a credential. None of them is ever part of an address: where a session was lost they are typed again. */
export const secretFields = ["token", "url", "routing_key", "codes", "password", "present"] as const;

export type SecretField = (typeof secretFields)[number];

/** What may be kept of a form that nobody sent: all but its secrets, and the mark by which it counts once. */
export const keepable = (fields: URLSearchParams): URLSearchParams => {
  const kept = new URLSearchParams(fields);
  for (const name of [...secretFields, "once"]) kept.delete(name);
  return kept;
};
