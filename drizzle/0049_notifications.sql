CREATE TABLE "channels" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "channels_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"settings" jsonb NOT NULL,
	"sealed_secret" text NOT NULL,
	"kinds" text[],
	"min_severity" text DEFAULT 'info' NOT NULL,
	"service_ids" bigint[],
	"confirmed_at" timestamp with time zone,
	"confirm_hash" text,
	"confirm_until" timestamp with time zone,
	"confirm_misses" integer DEFAULT 0 NOT NULL,
	"disabled_at" timestamp with time zone,
	"disabled_reason" text,
	"failures" integer DEFAULT 0 NOT NULL,
	"paused_until" timestamp with time zone,
	"last_sent_at" timestamp with time zone,
	"last_error" text,
	"last_error_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "channels_kind" CHECK ("channels"."kind" in ('webhook', 'slack', 'pagerduty', 'email')),
	CONSTRAINT "channels_min_severity" CHECK ("channels"."min_severity" in ('info', 'warning', 'critical')),
	CONSTRAINT "channels_confirm_hash" CHECK ("channels"."confirm_hash" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "deliveries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"channel_id" bigint NOT NULL,
	"thread" text NOT NULL,
	"seq" integer NOT NULL,
	"action" text NOT NULL,
	"kind" text NOT NULL,
	"severity" text NOT NULL,
	"notification_id" bigint NOT NULL,
	"first_notification_id" bigint NOT NULL,
	"incident_id" bigint,
	"state" text DEFAULT 'pending' NOT NULL,
	"message" jsonb,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"claimed_epoch" bigint,
	"claimed_until" timestamp with time zone,
	"last_status" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	"replay" boolean DEFAULT false NOT NULL,
	CONSTRAINT "deliveries_state" CHECK ("deliveries"."state" in ('pending', 'sent', 'dead', 'folded', 'dropped')),
	CONSTRAINT "deliveries_action" CHECK ("deliveries"."action" in ('event', 'trigger', 'update', 'resolve')),
	CONSTRAINT "deliveries_severity" CHECK ("deliveries"."severity" in ('info', 'warning', 'critical')),
	CONSTRAINT "deliveries_ended" CHECK (("deliveries"."state" = 'pending') = ("deliveries"."ended_at" is null))
);
--> statement-breakpoint
CREATE TABLE "incident_services" (
	"incident_id" bigint NOT NULL,
	"service_id" bigint NOT NULL,
	"storm_id" bigint DEFAULT 0 NOT NULL,
	"joined_at" timestamp with time zone NOT NULL,
	"left_at" timestamp with time zone,
	CONSTRAINT "incident_services_incident_id_service_id_storm_id_pk" PRIMARY KEY("incident_id","service_id","storm_id")
);
--> statement-breakpoint
CREATE TABLE "incidents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "incidents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint,
	"cdn" text NOT NULL,
	"kind" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"last_edge_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "incidents_kind" CHECK ("incidents"."kind" in ('storm', 'backup'))
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notifications_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint,
	"service_id" bigint,
	"storm_id" bigint,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"facts" jsonb NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"expanded_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "freeze_expired_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_routing" ADD COLUMN "override_expired_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_routing" ADD COLUMN "backup_health" text;--> statement-breakpoint
ALTER TABLE "channels" ADD CONSTRAINT "channels_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_notification_id_notifications_id_fk" FOREIGN KEY ("notification_id") REFERENCES "public"."notifications"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_services" ADD CONSTRAINT "incident_services_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_services" ADD CONSTRAINT "incident_services_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_storm_id_storm_events_id_fk" FOREIGN KEY ("storm_id") REFERENCES "public"."storm_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "channels_live_name_key" ON "channels" USING btree (coalesce("customer_id", 0),"name") WHERE "channels"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "channels_customer_idx" ON "channels" USING btree ("customer_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_thread_key" ON "deliveries" USING btree ("channel_id","thread","seq");--> statement-breakpoint
CREATE INDEX "deliveries_due_idx" ON "deliveries" USING btree ("channel_id","next_at","id") WHERE "deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "deliveries_waiting_idx" ON "deliveries" USING btree ("channel_id","thread","seq") WHERE "deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "deliveries_notification_idx" ON "deliveries" USING btree ("notification_id");--> statement-breakpoint
CREATE INDEX "deliveries_age_idx" ON "deliveries" USING btree ("ended_at") WHERE "deliveries"."ended_at" is not null;--> statement-breakpoint
CREATE INDEX "incident_services_service_idx" ON "incident_services" USING btree ("service_id","incident_id");--> statement-breakpoint
CREATE INDEX "incident_services_storm_idx" ON "incident_services" USING btree ("storm_id");--> statement-breakpoint
CREATE UNIQUE INDEX "incidents_open_key" ON "incidents" USING btree (coalesce("customer_id", 0),"cdn","kind") WHERE "incidents"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "incidents_customer_idx" ON "incidents" USING btree ("customer_id","id");--> statement-breakpoint
CREATE INDEX "incidents_edge_idx" ON "incidents" USING btree ("last_edge_at");--> statement-breakpoint
CREATE INDEX "notifications_new_idx" ON "notifications" USING btree ("id") WHERE "notifications"."expanded_at" is null;--> statement-breakpoint
CREATE INDEX "notifications_customer_idx" ON "notifications" USING btree ("customer_id","id");--> statement-breakpoint
CREATE INDEX "notifications_service_idx" ON "notifications" USING btree ("service_id","id") WHERE "notifications"."service_id" is not null;--> statement-breakpoint
CREATE INDEX "notifications_age_idx" ON "notifications" USING btree ("occurred_at");--> statement-breakpoint
CREATE INDEX "service_routing_override_idx" ON "service_routing" USING btree ("override_until") WHERE "service_routing"."override_until" is not null and "service_routing"."override_expired_at" is null;--> statement-breakpoint
ALTER TABLE "service_routing" ADD CONSTRAINT "service_routing_backup_health" CHECK ("service_routing"."backup_health" in ('up', 'down', 'unknown'));