ALTER TABLE "probe_rollups_hour" DROP COLUMN "latencies";--> statement-breakpoint
ALTER TABLE "probe_rollups_minute" DROP COLUMN "latencies";