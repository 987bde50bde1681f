/** What a channel's secret is bound to: opened for somebody else's channel it is refused. @param customerId null: the operator's */
export const channelSealingContext = (customerId: number | null): string => `channel:${customerId ?? "operator"}`;

/** How long the secret before signs as well, once a new one was made: receivers are changed meanwhile. */
export const previousSecretMs = 24 * 3_600_000;

/** What else is kept with a secret. `previousUntilMs`: until when all but the first of `secrets` sign; absent: for ever. */
export type Kept<Secret> = Secret & { readonly previousUntilMs?: number };

/** The secret as it counts now: of a webhook whose secret was replaced, the one before for a day. */
export const secretNow = <Secret extends object>({ previousUntilMs, ...secret }: Kept<Secret>, nowMs: number): Secret => {
  const rest = secret as unknown as Secret & { readonly secrets?: readonly string[] };
  if (rest.secrets === undefined || previousUntilMs === undefined || nowMs < previousUntilMs) return rest;
  return { ...rest, secrets: rest.secrets.slice(0, 1) };
};
