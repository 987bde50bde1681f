import type { NotificationKind, Severity } from "../../../domain/notify/kinds.ts";
import type { Kept } from "../../../domain/notify/sealing.ts";
import type { Change, Page } from "../tenants/change.ts";
import type { ChannelKind, ChannelSecret, SendOutcome } from "./channel.ts";

/** What may be shown of how a channel is reached. */
export type ChannelSettings = { readonly host?: string; readonly region?: string; readonly to?: readonly string[] };

/** A channel without its secret. */
export type NotificationChannel = {
  readonly id: number;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly settings: ChannelSettings;
  /** Null: all. */
  readonly kinds: readonly NotificationKind[] | null;
  readonly minSeverity: Severity;
  readonly serviceIds: readonly number[] | null;
  readonly confirmedAtMs: number | null;
  readonly disabledAtMs: number | null;
  readonly disabledReason: string | null;
  readonly failures: number;
  readonly pausedUntilMs: number | null;
  readonly lastSentAtMs: number | null;
  readonly lastError: string | null;
  readonly lastErrorAtMs: number | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/**
 * By what a channel is confirmed: the hash of the codes of all who have to agree, until when it does, and how many mails ask them.
 * Null: nobody has to agree.
 */
export type Confirmation = { readonly codeHash: string; readonly untilMs: number; readonly mails: number } | null;

export type NewChannel = Pick<NotificationChannel, "name" | "settings" | "kinds" | "minSeverity" | "serviceIds"> & {
  readonly secret: ChannelSecret;
  readonly confirmation: Confirmation;
};

/** What is absent stays. A new way to reach it comes with its settings and confirmation. */
export type ChannelPatch = Partial<Pick<NotificationChannel, "name" | "kinds" | "minSeverity" | "serviceIds">> & {
  readonly target?: Pick<NewChannel, "settings" | "confirmation"> & {
    readonly secret: Kept<ChannelSecret>;
    /** What was opened for it; where there is another by now, nothing is changed. Absent: whatever there is is replaced. */
    readonly was?: Kept<ChannelSecret>;
  };
  readonly enabled?: boolean;
};

/** What a code came to. */
export type Confirmed = "confirmed" | "wrong" | "over";

/**
 * The channels of a customer, or (null) of the operator. Secrets are sealed, and erased when a channel is deleted.
 * @throws AppError `conflict` where the name is taken, or no secrets are kept here; `bad_request` where a service is not the customer's;
 *   `rate_limited` where too many mails with codes were sent within a day
 */
export interface ChannelStore {
  /** @returns null where there is no such customer */
  create(customerId: number | null, input: NewChannel, change: Change): Promise<NotificationChannel | null>;
  list(customerId: number | null, page: Page): Promise<readonly NotificationChannel[]>;
  find(customerId: number | null, id: number): Promise<NotificationChannel | null>;
  /** With its secret, for one that has to be reached now. */
  open(
    customerId: number | null,
    id: number,
  ): Promise<{ readonly channel: NotificationChannel; readonly secret: Kept<ChannelSecret> } | null>;
  update(customerId: number | null, id: number, patch: ChannelPatch, change: Change): Promise<NotificationChannel | null>;
  /** Puts a secret in the place of the very one that was opened. @returns null where it is another one by now */
  replaceSecret(
    customerId: number | null,
    id: number,
    was: Kept<ChannelSecret>,
    secret: Kept<ChannelSecret>,
    change: Change,
  ): Promise<NotificationChannel | null>;
  /** Notes what became of a message that a request sent: a test, or a mail that asks its recipients. A good one closes the circuit. */
  noteSent(
    customerId: number | null,
    id: number,
    what: "test" | "ask",
    outcome: Pick<SendOutcome, "status" | "detail">,
    change: Change,
  ): Promise<NotificationChannel | null>;
  /** @returns null where there is nothing to confirm */
  confirm(customerId: number | null, id: number, codeHash: string, nowMs: number, change: Change): Promise<Confirmed | null>;
  /** Its secret is erased, and what waits for it is dropped. */
  remove(customerId: number | null, id: number, change: Change): Promise<boolean>;
}
