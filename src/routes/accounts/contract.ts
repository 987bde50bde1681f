import { z } from "@hono/zod-openapi";
import type { Account, AccountSession, Invitation } from "../../adapters/ports/tenants/accounts.ts";
import { id, like, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { accountRole } from "./rules.ts";

const address = z.string().openapi({ example: "ada@example.com" });
const customerId = id.nullable().openapi({ description: "null: one of the operator's" });
const createdBy = z.string().openapi({ description: "who invited, as the audit log calls them", example: "admin" });

export const accountSchema = z
  .object({
    id,
    customer_id: customerId,
    address,
    role: accountRole,
    created_by: createdBy,
    created_at: timeText,
    last_sign_in_at: timeText.nullable(),
    deactivated_at: like(timeText.nullable(), null),
  })
  .openapi("Account");

export const invitationSchema = z
  .object({ id, customer_id: customerId, address, role: accountRole, created_by: createdBy, created_at: timeText, expires_at: timeText })
  .openapi("AccountInvitation");

export const sessionSchema = z
  .object({
    id,
    client: z.string().openapi({ description: "the browser, as it calls itself", example: "Mozilla/5.0 (X11; Linux x86_64)" }),
    created_at: timeText,
    last_seen_at: timeText.openapi({ description: "to the minute" }),
    expires_at: timeText,
  })
  .openapi("AccountSession");

export const accountView = (account: Account): z.infer<typeof accountSchema> => ({
  id: account.id,
  customer_id: account.customerId,
  address: account.address,
  role: account.role,
  created_by: account.createdBy,
  created_at: isoTime(account.createdAtMs),
  last_sign_in_at: isoTimeOrNull(account.lastSignInAtMs),
  deactivated_at: isoTimeOrNull(account.deactivatedAtMs),
});

export const invitationView = (invitation: Invitation): z.infer<typeof invitationSchema> => ({
  id: invitation.id,
  customer_id: invitation.customerId,
  address: invitation.address,
  role: invitation.role,
  created_by: invitation.createdBy,
  created_at: isoTime(invitation.createdAtMs),
  expires_at: isoTime(invitation.expiresAtMs),
});

export const sessionView = (session: AccountSession): z.infer<typeof sessionSchema> => ({
  id: session.id,
  client: session.client,
  created_at: isoTime(session.createdAtMs),
  last_seen_at: isoTime(session.lastSeenAtMs),
  expires_at: isoTime(session.expiresAtMs),
});
