CREATE TABLE "routing_drifts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "routing_drifts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"domain_id" bigint NOT NULL,
	"record_type" text NOT NULL,
	"previous_primary" smallint NOT NULL,
	"previous_backup" smallint NOT NULL,
	"expected_primary" smallint,
	"expected_backup" smallint,
	"found_primary" smallint NOT NULL,
	"found_backup" smallint NOT NULL,
	"left_alone" text,
	"epoch" bigint NOT NULL,
	"found_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "routing_changes" DROP CONSTRAINT "routing_changes_result";--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "freeze_reason" text;--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "freeze_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "freeze_actor" text;--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "freeze_set_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD COLUMN "contested_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD COLUMN "drift_resumed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "attempted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "attempts" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "routing_drifts" ADD CONSTRAINT "routing_drifts_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routing_drifts" ADD CONSTRAINT "routing_drifts_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "routing_drifts_domain_idx" ON "routing_drifts" USING btree ("domain_id","found_at");--> statement-breakpoint
CREATE INDEX "routing_drifts_service_idx" ON "routing_drifts" USING btree ("service_id","id");--> statement-breakpoint
CREATE INDEX "routing_changes_domain_idx" ON "routing_changes" USING btree ("domain_id","id");--> statement-breakpoint
ALTER TABLE "routing_changes" ADD CONSTRAINT "routing_changes_result" CHECK ("routing_changes"."result" in ('intent', 'accepted', 'insync', 'unconfirmed', 'failed', 'superseded', 'shadow'));