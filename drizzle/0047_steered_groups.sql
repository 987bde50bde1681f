ALTER TABLE "service_domains" ADD COLUMN "steer_group" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD COLUMN "group_weights" jsonb;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "members" jsonb;--> statement-breakpoint
ALTER TABLE "routing_drifts" ADD COLUMN "previous_others" integer;--> statement-breakpoint
ALTER TABLE "routing_drifts" ADD COLUMN "found_others" integer;