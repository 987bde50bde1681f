DROP INDEX "services_customer_idx";--> statement-breakpoint
CREATE INDEX "services_customer_idx" ON "services" USING btree ("customer_id","id");--> statement-breakpoint
ALTER TABLE "probe_rollups_hour" DROP COLUMN "latencies";--> statement-breakpoint
ALTER TABLE "probe_rollups_minute" DROP COLUMN "latencies";