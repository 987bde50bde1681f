CREATE TABLE "dns_standings" (
	"customer_id" bigint PRIMARY KEY NOT NULL,
	"strikes" integer DEFAULT 0 NOT NULL,
	"pauses" integer DEFAULT 0 NOT NULL,
	"paused_until" timestamp with time zone,
	"last_error" text,
	"last_error_at" timestamp with time zone,
	"polls_refused" integer DEFAULT 0 NOT NULL,
	"polls_error" text,
	"polls_paused_until" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "dns_standings_customer" CHECK ("dns_standings"."customer_id" >= 0)
);
--> statement-breakpoint
DROP INDEX "routing_changes_unobserved_idx";--> statement-breakpoint
ALTER TABLE "standing_failovers" ADD COLUMN "failed_step" text;--> statement-breakpoint
ALTER TABLE "standing_failovers" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "standing_failovers" ADD COLUMN "next_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "next_attempt_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "attempted_records" text;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "next_check_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "checks" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "observe_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "routing_changes_retry_idx" ON "routing_changes" USING btree ("domain_id") WHERE "routing_changes"."next_attempt_at" is not null;--> statement-breakpoint
CREATE INDEX "routing_changes_pending_idx" ON "routing_changes" USING btree ("next_check_at") WHERE "routing_changes"."result" = 'accepted';--> statement-breakpoint
CREATE INDEX "routing_changes_unobserved_idx" ON "routing_changes" USING btree ("observe_at") WHERE "routing_changes"."result" = 'insync' and "routing_changes"."observed" is null;