CREATE TABLE "service_states" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "service_states_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"state" text NOT NULL,
	"serving" text NOT NULL,
	"attribution" text,
	"upstream_cdn" text,
	"avoided" boolean DEFAULT false NOT NULL,
	"outage_at" timestamp with time zone,
	"storm_id" bigint,
	"reconstructed" boolean DEFAULT false NOT NULL,
	CONSTRAINT "service_states_state" CHECK ("service_states"."state" in ('up', 'down', 'unknown')),
	CONSTRAINT "service_states_serving" CHECK ("service_states"."serving" in ('primary', 'backup', 'direct', 'mixed')),
	CONSTRAINT "service_states_attribution" CHECK (("service_states"."attribution" is not null) = ("service_states"."state" = 'down') and ("service_states"."upstream_cdn" is not null) = ("service_states"."attribution" is not distinct from 'upstream')),
	CONSTRAINT "service_states_avoided" CHECK (not "service_states"."avoided" or "service_states"."state" = 'up'),
	CONSTRAINT "service_states_outage" CHECK (case "service_states"."state" when 'up' then "service_states"."outage_at" is null when 'down' then "service_states"."outage_at" is not null else true end),
	CONSTRAINT "service_states_order" CHECK ("service_states"."ended_at" is null or "service_states"."ended_at" >= "service_states"."started_at")
);
--> statement-breakpoint
CREATE TABLE "slo_achievements" (
	"service_id" bigint NOT NULL,
	"name" text NOT NULL,
	"objective_id" bigint,
	"day" date NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "slo_achievements_service_id_name_pk" PRIMARY KEY("service_id","name")
);
--> statement-breakpoint
CREATE TABLE "slo_alerts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "slo_alerts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"objective_id" bigint NOT NULL,
	"service_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"fired_at" timestamp with time zone NOT NULL,
	"fired" jsonb NOT NULL,
	"below_since" timestamp with time zone,
	"resolved_at" timestamp with time zone,
	"resolved" jsonb,
	CONSTRAINT "slo_alerts_kind" CHECK ("slo_alerts"."kind" in ('1h', '6h', '3d', 'fast_burn', 'budget_warning', 'budget_critical', 'exhausted')),
	CONSTRAINT "slo_alerts_resolved" CHECK (("slo_alerts"."resolved_at" is null) = ("slo_alerts"."resolved" is null)),
	CONSTRAINT "slo_alerts_order" CHECK ("slo_alerts"."resolved_at" is null or "slo_alerts"."resolved_at" >= "slo_alerts"."fired_at")
);
--> statement-breakpoint
CREATE TABLE "slo_corrections" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "slo_corrections_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "slo_corrections_order" CHECK ("slo_corrections"."to_at" > "slo_corrections"."from_at")
);
--> statement-breakpoint
CREATE TABLE "slo_daily_snapshots" (
	"objective_id" bigint NOT NULL,
	"day" date NOT NULL,
	"version" integer NOT NULL,
	"state" text NOT NULL,
	"allowed_us" bigint NOT NULL,
	"consumed_us" bigint NOT NULL,
	"down_us" bigint NOT NULL,
	"measured_us" bigint NOT NULL,
	"elapsed_us" bigint NOT NULL,
	"day_consumed_us" bigint NOT NULL,
	"day_down_us" bigint NOT NULL,
	"day_measured_us" bigint NOT NULL,
	"day_elapsed_us" bigint NOT NULL,
	"verdict" text NOT NULL,
	"streak" integer NOT NULL,
	"broken_streak" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "slo_daily_snapshots_objective_id_day_pk" PRIMARY KEY("objective_id","day"),
	CONSTRAINT "slo_daily_snapshots_state" CHECK ("slo_daily_snapshots"."state" in ('healthy', 'at_risk', 'degraded', 'breaching', 'insufficient_data')),
	CONSTRAINT "slo_daily_snapshots_verdict" CHECK ("slo_daily_snapshots"."verdict" in ('good', 'bad', 'insufficient'))
);
--> statement-breakpoint
CREATE TABLE "slo_digests" (
	"customer_id" bigint NOT NULL,
	"week" text NOT NULL,
	"body" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "slo_digests_customer_id_week_pk" PRIMARY KEY("customer_id","week"),
	CONSTRAINT "slo_digests_week" CHECK ("slo_digests"."week" ~ '^[0-9]{4}-W[0-9]{2}$')
);
--> statement-breakpoint
CREATE TABLE "slo_objective_versions" (
	"objective_id" bigint NOT NULL,
	"version" integer NOT NULL,
	"target" numeric NOT NULL,
	"window_days" integer,
	"calendar" text,
	"dependency_exclusion" text NOT NULL,
	"excluded_upstreams" text[] DEFAULT '{}' NOT NULL,
	"burn_warning_percent" integer NOT NULL,
	"burn_critical_percent" integer NOT NULL,
	"fast_burn_multiplier" numeric NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "slo_objective_versions_objective_id_version_pk" PRIMARY KEY("objective_id","version"),
	CONSTRAINT "slo_objective_versions_target" CHECK ("slo_objective_versions"."target" >= 1 and "slo_objective_versions"."target" < 100 and scale(trim_scale("slo_objective_versions"."target")) <= 5),
	CONSTRAINT "slo_objective_versions_window" CHECK (("slo_objective_versions"."window_days" is null) <> ("slo_objective_versions"."calendar" is null) and ("slo_objective_versions"."window_days" is null or "slo_objective_versions"."window_days" between 1 and 400)
      and ("slo_objective_versions"."calendar" is null or "slo_objective_versions"."calendar" in ('week', 'month'))),
	CONSTRAINT "slo_objective_versions_exclusion" CHECK ("slo_objective_versions"."dependency_exclusion" in ('strict', 'self-only')),
	CONSTRAINT "slo_objective_versions_burn" CHECK ("slo_objective_versions"."burn_warning_percent" between 1 and 100 and "slo_objective_versions"."burn_critical_percent" between 1 and 100
      and "slo_objective_versions"."burn_warning_percent" <= "slo_objective_versions"."burn_critical_percent"
      and "slo_objective_versions"."fast_burn_multiplier" > 0 and "slo_objective_versions"."fast_burn_multiplier" <= 1000 and scale(trim_scale("slo_objective_versions"."fast_burn_multiplier")) <= 2)
);
--> statement-breakpoint
CREATE TABLE "slo_objectives" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "slo_objectives_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"name" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "slo_reconstructions" (
	"service_id" bigint PRIMARY KEY NOT NULL,
	"done_from" timestamp with time zone NOT NULL,
	"until_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "leases" ADD COLUMN "judged_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "downtime_cents_per_minute" integer;--> statement-breakpoint
ALTER TABLE "service_states" ADD CONSTRAINT "service_states_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_states" ADD CONSTRAINT "service_states_storm_id_storm_events_id_fk" FOREIGN KEY ("storm_id") REFERENCES "public"."storm_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_achievements" ADD CONSTRAINT "slo_achievements_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_achievements" ADD CONSTRAINT "slo_achievements_objective_id_slo_objectives_id_fk" FOREIGN KEY ("objective_id") REFERENCES "public"."slo_objectives"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_alerts" ADD CONSTRAINT "slo_alerts_objective_id_slo_objectives_id_fk" FOREIGN KEY ("objective_id") REFERENCES "public"."slo_objectives"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_alerts" ADD CONSTRAINT "slo_alerts_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_corrections" ADD CONSTRAINT "slo_corrections_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_daily_snapshots" ADD CONSTRAINT "slo_daily_snapshots_objective_id_slo_objectives_id_fk" FOREIGN KEY ("objective_id") REFERENCES "public"."slo_objectives"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_daily_snapshots" ADD CONSTRAINT "slo_daily_snapshots_objective_id_version_slo_objective_versions_objective_id_version_fk" FOREIGN KEY ("objective_id","version") REFERENCES "public"."slo_objective_versions"("objective_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_digests" ADD CONSTRAINT "slo_digests_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_objective_versions" ADD CONSTRAINT "slo_objective_versions_objective_id_slo_objectives_id_fk" FOREIGN KEY ("objective_id") REFERENCES "public"."slo_objectives"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_objectives" ADD CONSTRAINT "slo_objectives_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "slo_reconstructions" ADD CONSTRAINT "slo_reconstructions_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "service_states_open_key" ON "service_states" USING btree ("service_id") WHERE "service_states"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "service_states_started_idx" ON "service_states" USING btree ("service_id","started_at");--> statement-breakpoint
CREATE INDEX "service_states_end_idx" ON "service_states" USING btree ("service_id",coalesce("ended_at", 'infinity'::timestamptz));--> statement-breakpoint
CREATE INDEX "service_states_age_idx" ON "service_states" USING btree ("ended_at") WHERE "service_states"."ended_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "slo_alerts_open_key" ON "slo_alerts" USING btree ("objective_id","kind") WHERE "slo_alerts"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "slo_alerts_objective_idx" ON "slo_alerts" USING btree ("objective_id","id");--> statement-breakpoint
CREATE INDEX "slo_alerts_service_idx" ON "slo_alerts" USING btree ("service_id") WHERE "slo_alerts"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "slo_corrections_service_idx" ON "slo_corrections" USING btree ("service_id","to_at");--> statement-breakpoint
CREATE UNIQUE INDEX "slo_objectives_name_key" ON "slo_objectives" USING btree ("service_id","name") WHERE "slo_objectives"."deleted_at" is null;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_downtime_cents" CHECK ("services"."downtime_cents_per_minute" between 0 and 1000000000);