import { sql } from "drizzle-orm";
import { bigint, check, foreignKey, index, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { at, createdAt, ref } from "./columns.ts";
import { stormEvents } from "./detection.ts";
import { services } from "./services.ts";

/** The end of each service's chain; its row is what writers of one chain wait for. Moved by the trigger alone. */
export const evidenceChains = pgTable("evidence_chains", {
  serviceId: bigint("service_id", { mode: "number" })
    .primaryKey()
    .references(() => services.id),
  seq: bigint("seq", { mode: "number" }).notNull().default(0),
  hash: text("hash"),
  /** How many storms the service has had: a running total. */
  storms: bigint("storms", { mode: "number" }).notNull().default(0),
  /** The last record that was deleted for its age: the chain begins with the next one. Null: it begins with its first. */
  prunedSeq: bigint("pruned_seq", { mode: "number" }),
  prunedHash: text("pruned_hash"),
  prunedAt: at("pruned_at"),
  /** Up to which record the chain is anchored; null: not at all. */
  anchoredSeq: bigint("anchored_seq", { mode: "number" }),
});

/**
 * What was known and decided when a storm began, relapsed, was switched for or ended, and what the public DNS showed of a
 * switch. One chain per service: a trigger gives each row its place, the hash of the row before it and its own. Append-only
 * but for old beginnings of a chain without a billed storm (triggers).
 */
export const evidence = pgTable(
  "evidence",
  {
    serviceId: ref("service_id", () => services.id),
    /** From 1, without gaps. */
    seq: bigint("seq", { mode: "number" }).notNull(),
    stormId: bigint("storm_id", { mode: "number" }).notNull(),
    kind: text("kind", { enum: ["begin", "relapse", "switch", "observed", "credit", "end"] }).notNull(),
    /** Canonical JSON (RFC 8785). */
    body: text("body").notNull(),
    previousHash: text("previous_hash"),
    /** SHA-256 of the record's canonical JSON, lower-case hex. */
    hash: text("hash").notNull(),
    /** The key that signed it, and the record that its signer knew as the chain's last; null: it is not signed. */
    keyId: text("key_id"),
    /** Ed25519 (`domain/evidence/evidence-claim.ts`), base64url. */
    signature: text("signature"),
    followsSeq: bigint("follows_seq", { mode: "number" }),
    followsHash: text("follows_hash"),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.serviceId, t.seq] }),
    check("evidence_signed", sql`(${t.keyId} is null) = (${t.signature} is null)`),
    // Checked at the end of the statement: a storm and its first record are written in one.
    foreignKey({ columns: [t.stormId], foreignColumns: [stormEvents.id] }),
    index("evidence_storm_idx").on(t.stormId),
    check("evidence_kind", sql`${t.kind} in ('begin', 'relapse', 'switch', 'observed', 'credit', 'end')`),
    check("evidence_chain", sql`${t.seq} > 0 and (${t.seq} = 1) = (${t.previousHash} is null)`),
  ],
);

/** The heads of chains that had grown, in one Merkle tree, signed, and time-stamped by others where that is configured. Append-only (triggers). */
export const evidenceAnchors = pgTable("evidence_anchors", {
  id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  /** Canonical JSON: `at`, `chains`, `previous_hash`, `root`, `v`. */
  body: text("body").notNull(),
  /** SHA-256 of the body, lower-case hex. */
  hash: text("hash").notNull(),
  keyId: text("key_id"),
  signature: text("signature"),
  /** The answer of the time-stamping authority (RFC 3161), DER in base64; null: none was asked, or `timestamp_error` says why there is none. */
  timestamp: text("timestamp"),
  timestampError: text("timestamp_error"),
  createdAt: createdAt(),
});

/** A chain's head in an anchor, and its path to the root. Append-only (triggers). */
export const evidenceAnchorLeaves = pgTable(
  "evidence_anchor_leaves",
  {
    serviceId: ref("service_id", () => services.id),
    anchorId: ref("anchor_id", () => evidenceAnchors.id),
    seq: bigint("seq", { mode: "number" }).notNull(),
    hash: text("hash").notNull(),
    /** Its index among the leaves, and the sibling hashes from the leaf up. */
    place: integer("place").notNull(),
    path: text("path").array().notNull(),
  },
  (t) => [primaryKey({ columns: [t.serviceId, t.anchorId] }), index("evidence_anchor_leaves_anchor_idx").on(t.anchorId)],
);
