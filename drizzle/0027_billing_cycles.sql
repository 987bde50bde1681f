DROP INDEX "usage_snapshots_unbilled_idx";--> statement-breakpoint
ALTER TABLE "adjustment_causes" ADD COLUMN "idle" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "services_every_idx" ON "services" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "usage_snapshots_unbilled_idx" ON "usage_snapshots" USING btree ("service_id",greatest("primary_bytes", "backup_bytes")) WHERE "usage_snapshots"."invoice_id" is null;