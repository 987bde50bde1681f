DROP INDEX "routing_changes_age_idx";--> statement-breakpoint
CREATE INDEX "storm_events_end_idx" ON "storm_events" USING btree ("service_id",coalesce("ended_at", 'infinity'::timestamptz),"started_at");--> statement-breakpoint
CREATE INDEX "audit_log_kind_idx" ON "audit_log" USING btree ("customer_id","action","object_type","id");--> statement-breakpoint
CREATE INDEX "routing_changes_age_idx" ON "routing_changes" USING btree ("intended_at");