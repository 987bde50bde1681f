import { z } from "zod";
import { parseArchiveUrl } from "./domain/cost/archive-url.ts";
import { endpointFault } from "./domain/platform/endpoint.ts";
import { isMailAddress } from "./domain/notify/mail-address.ts";
import { parseSmtpUrl } from "./domain/notify/smtp-url.ts";
import { secretFault } from "./domain/tenants/secret-strength.ts";

/** Rules of `config.ts` for secrets, and for URLs that secrets are sent to. */

export const isOrigin = (text: string): boolean => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;

/** 32 random bytes in base64: `openssl rand -base64 32`. */
export const isKey = (text: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(text) && secretFault(atob(text), 32) === null;

/** Adds the problem that a rule finds. */
const judged = (fault: (text: string) => string | null) => (text: string, ctx: z.RefinementCtx<string>) => {
  const message = fault(text);
  if (message !== null) ctx.addIssue({ code: "custom", message });
};

/** @param min characters that it must have at least */
export const secret = (min: number) =>
  z
    .string()
    .superRefine(judged((text) => secretFault(text, min)))
    .optional();

/** A URL to which secrets are sent, or whose answers are trusted. */
export const endpoint = () => z.string().superRefine(judged(endpointFault));

/** The origin of a deployment of tranche, over TLS. */
export const deployment = (example: string) =>
  z.string().superRefine(judged((text) => (isOrigin(text) ? endpointFault(text) : `must be an origin such as ${example}`)));

/** An address on this machine, `127.0.0.1:5353`. */
export const loopbackAddress = () =>
  z
    .string()
    .refine(
      (text) => /^(127\.0\.0\.1|localhost):[1-9]\d{0,4}$/.test(text) && Number(text.split(":")[1]) <= 65_535,
      "must be an address on this machine, such as 127.0.0.1:5353",
    )
    .transform((text) => ({ hostname: text.split(":")[0] ?? "", port: Number(text.split(":")[1]) }));

/** A server that mail is handed to (`domain/notify/smtp-url.ts`). */
export const smtpUrl = () =>
  z.string().transform((text, ctx) => {
    const server = parseSmtpUrl(text);
    if (typeof server !== "string") return server;
    ctx.addIssue({ code: "custom", message: server });
    return z.NEVER;
  });

/** Where batches of events are kept (`domain/cost/archive-url.ts`). */
export const archiveUrl = () =>
  z.string().transform((text, ctx) => {
    const place = parseArchiveUrl(text);
    if (typeof place !== "string") return place;
    ctx.addIssue({ code: "custom", message: place });
    return z.NEVER;
  });

/** Of anything that speaks S3: it becomes a part of a host's name. */
export const isRegionName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(text);

export const mailAddress = () => z.string().refine(isMailAddress, "must be an address such as alerts@example.com, without a name");
