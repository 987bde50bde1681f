CREATE TABLE "probe_minutes_folded" (
	"domain_id" bigint NOT NULL,
	"path" text NOT NULL,
	"vantage" text NOT NULL,
	"start_at" timestamp with time zone NOT NULL,
	"samples" integer NOT NULL,
	"counts" smallint[] NOT NULL,
	"oks" smallint[],
	"places" smallint[] NOT NULL,
	CONSTRAINT "probe_minutes_folded_domain_id_start_at_path_vantage_pk" PRIMARY KEY("domain_id","start_at","path","vantage"),
	CONSTRAINT "probe_minutes_folded_counts" CHECK (cardinality("probe_minutes_folded"."counts") = 60 and cardinality(coalesce("probe_minutes_folded"."oks", "probe_minutes_folded"."counts")) = 60)
);
--> statement-breakpoint
ALTER TABLE "rollup_marks" DROP CONSTRAINT "rollup_marks_level";--> statement-breakpoint
DROP INDEX "services_every_idx";--> statement-breakpoint
DROP INDEX "services_customer_idx";--> statement-breakpoint
ALTER TABLE "probe_rollups_hour" ALTER COLUMN "latencies" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "probe_rollups_minute" ALTER COLUMN "latencies" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "evidence_chains" ADD COLUMN "storms" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "evidence_chains" ADD COLUMN "pruned_seq" bigint;--> statement-breakpoint
ALTER TABLE "evidence_chains" ADD COLUMN "pruned_hash" text;--> statement-breakpoint
ALTER TABLE "evidence_chains" ADD COLUMN "pruned_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "probe_rollups_hour" ADD COLUMN "places" smallint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "probe_rollups_hour" ADD COLUMN "counts" smallint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "probe_rollups_minute" ADD COLUMN "places" smallint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "probe_rollups_minute" ADD COLUMN "counts" smallint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "probe_minutes_folded" ADD CONSTRAINT "probe_minutes_folded_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "storm_events_list_idx" ON "storm_events" USING btree ("service_id","id");--> statement-breakpoint
CREATE INDEX "invoice_links_age_idx" ON "invoice_links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "invoice_line_storms_storm_idx" ON "invoice_line_storms" USING btree ("storm_id");--> statement-breakpoint
CREATE INDEX "invoices_customer_idx" ON "invoices" USING btree ("customer_id","id");--> statement-breakpoint
CREATE INDEX "reconciliation_findings_cleared_idx" ON "reconciliation_findings" USING btree ("cleared_at") WHERE "reconciliation_findings"."cleared_at" is not null;--> statement-breakpoint
CREATE INDEX "takeovers_age_idx" ON "takeovers" USING btree ("at");--> statement-breakpoint
CREATE INDEX "routing_changes_storm_idx" ON "routing_changes" USING btree ("storm_id","id") WHERE "routing_changes"."storm_id" is not null;--> statement-breakpoint
CREATE INDEX "routing_changes_settled_idx" ON "routing_changes" USING btree ("domain_id","intended_at") WHERE "routing_changes"."result" in ('accepted', 'insync', 'unconfirmed');--> statement-breakpoint
CREATE INDEX "routing_changes_age_idx" ON "routing_changes" USING brin ("intended_at");--> statement-breakpoint
CREATE INDEX "audit_log_action_idx" ON "audit_log" USING btree ("customer_id","action","id");--> statement-breakpoint
CREATE INDEX "audit_log_object_idx" ON "audit_log" USING btree ("customer_id","object_type","id");--> statement-breakpoint
CREATE INDEX "services_customer_idx" ON "services" USING btree ("customer_id","id");--> statement-breakpoint
ALTER TABLE "rollup_marks" ADD CONSTRAINT "rollup_marks_level" CHECK ("rollup_marks"."level" in ('minute', 'hour', 'fold'));