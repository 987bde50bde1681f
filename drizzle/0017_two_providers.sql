CREATE TABLE "providers" (
	"name" text PRIMARY KEY NOT NULL,
	"heartbeat_at" timestamp with time zone,
	"heartbeat_since" timestamp with time zone,
	"last_round_at" timestamp with time zone,
	"public_checked_at" timestamp with time zone,
	"public_ok_since" timestamp with time zone,
	"public_error" text
);
--> statement-breakpoint
CREATE TABLE "takeovers" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"lease" text NOT NULL,
	"from_provider" text NOT NULL,
	"to_provider" text NOT NULL,
	"epoch" bigint NOT NULL,
	"lapsed" boolean NOT NULL,
	"unheld_ms" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"previous_hash" text,
	"hash" text NOT NULL,
	CONSTRAINT "takeovers_kind" CHECK ("takeovers"."kind" in ('takeover', 'hand_back')),
	CONSTRAINT "takeovers_chain" CHECK ("takeovers"."seq" > 0 and ("takeovers"."seq" = 1) = ("takeovers"."previous_hash" is null))
);
--> statement-breakpoint
ALTER TABLE "leases" ADD COLUMN "taken_from" text;