CREATE TABLE "breakers" (
	"name" text PRIMARY KEY NOT NULL,
	"customer_id" bigint,
	"failures" timestamp with time zone[] NOT NULL,
	"opened_at" timestamp with time zone,
	"probe_at" timestamp with time zone,
	"probing" boolean DEFAULT false NOT NULL,
	"last_error" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "breakers_open" CHECK (("breakers"."opened_at" is null) = ("breakers"."probe_at" is null))
);
--> statement-breakpoint
CREATE TABLE "cost_accounts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cost_accounts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"name" text NOT NULL,
	"access_key_id" text,
	"sealed_secret" text,
	"role_arn" text,
	"external_id" text,
	"region" text NOT NULL,
	"bucket" text,
	"prefix" text DEFAULT '' NOT NULL,
	"aws_accounts" text[] NOT NULL,
	"regions" text[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"tried_at" timestamp with time zone,
	"last_read_at" timestamp with time zone,
	"last_error" text,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "cost_accounts_one_form" CHECK (("cost_accounts"."access_key_id" is null) <> ("cost_accounts"."role_arn" is null)
      and ("cost_accounts"."access_key_id" is null) = ("cost_accounts"."sealed_secret" is null) and ("cost_accounts"."role_arn" is null) = ("cost_accounts"."external_id" is null)),
	CONSTRAINT "cost_accounts_prefix" CHECK ("cost_accounts"."prefix" = '' or "cost_accounts"."prefix" ~ '/$')
);
--> statement-breakpoint
CREATE TABLE "cost_anomalies" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cost_anomalies_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"series_id" bigint NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"severity" text NOT NULL,
	"score" double precision NOT NULL,
	"explanation" text NOT NULL,
	"figures" jsonb NOT NULL,
	"value" double precision NOT NULL,
	"usual" double precision,
	"first_hour" timestamp with time zone NOT NULL,
	"last_hour" timestamp with time zone NOT NULL,
	"hours" integer DEFAULT 1 NOT NULL,
	"calm_hours" integer DEFAULT 0 NOT NULL,
	"snoozed_until" timestamp with time zone,
	"changed_by" text,
	"changed_at" timestamp with time zone,
	"note" text,
	"expected_at" timestamp with time zone,
	"mode" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp with time zone,
	CONSTRAINT "cost_anomalies_snooze" CHECK (("cost_anomalies"."state" = 'snoozed') = ("cost_anomalies"."snoozed_until" is not null)),
	CONSTRAINT "cost_anomalies_end" CHECK (("cost_anomalies"."state" = 'resolved') = ("cost_anomalies"."resolved_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "cost_batches" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cost_batches_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"source" text NOT NULL,
	"archive_key" text,
	"event_ids" uuid[] NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"next_try_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cost_batches_tries" CHECK ("cost_batches"."tries" >= 0)
);
--> statement-breakpoint
CREATE TABLE "cost_cursors" (
	"account_id" bigint NOT NULL,
	"prefix" text NOT NULL,
	"last_key" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "cost_cursors_account_id_prefix_pk" PRIMARY KEY("account_id","prefix")
);
--> statement-breakpoint
CREATE TABLE "cost_events" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"customer_id" bigint NOT NULL,
	"event_id" text NOT NULL,
	"account_id" text NOT NULL,
	"resource_type" text NOT NULL,
	"resource_id" text,
	"actor" text,
	"hourly_cost_cents" double precision,
	"occurred_at" timestamp with time zone NOT NULL,
	"data" jsonb,
	"severity" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cost_events_cents" CHECK ("cost_events"."hourly_cost_cents" >= 0)
);
--> statement-breakpoint
CREATE TABLE "cost_files" (
	"account_id" bigint NOT NULL,
	"key" text NOT NULL,
	"state" text NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "cost_files_account_id_key_pk" PRIMARY KEY("account_id","key")
);
--> statement-breakpoint
CREATE TABLE "cost_hours" (
	"series_id" bigint NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"value" double precision NOT NULL,
	"usual_low" double precision,
	"usual_mean" double precision,
	"usual_high" double precision,
	"score" double precision DEFAULT 0 NOT NULL,
	"severity" text DEFAULT 'none' NOT NULL,
	"label" text,
	CONSTRAINT "cost_hours_series_id_hour_pk" PRIMARY KEY("series_id","hour")
);
--> statement-breakpoint
CREATE TABLE "cost_modes" (
	"customer_id" bigint PRIMARY KEY NOT NULL,
	"mode" text NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cost_rates" (
	"customer_id" bigint NOT NULL,
	"cdn" text NOT NULL,
	"cents_per_gb" numeric(12, 4),
	"monthly_cents" bigint,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cost_rates_customer_id_cdn_pk" PRIMARY KEY("customer_id","cdn"),
	CONSTRAINT "cost_rates_values" CHECK ("cost_rates"."cents_per_gb" >= 0 and "cost_rates"."monthly_cents" >= 0 and coalesce("cost_rates"."cents_per_gb", "cost_rates"."monthly_cents") is not null)
);
--> statement-breakpoint
CREATE TABLE "cost_seasons" (
	"series_id" bigint NOT NULL,
	"hour" smallint NOT NULL,
	"count" integer NOT NULL,
	"mean" double precision NOT NULL,
	"rest" double precision NOT NULL,
	"m2" double precision NOT NULL,
	CONSTRAINT "cost_seasons_series_id_hour_pk" PRIMARY KEY("series_id","hour"),
	CONSTRAINT "cost_seasons_hour" CHECK ("cost_seasons"."hour" between 0 and 191)
);
--> statement-breakpoint
CREATE TABLE "cost_series" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cost_series_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"account_id" text DEFAULT '' NOT NULL,
	"resource_type" text NOT NULL,
	"service_id" bigint,
	"cdn" text,
	"unit" text NOT NULL,
	"memory" jsonb NOT NULL,
	"mean_hourly_cost" double precision DEFAULT 0 NOT NULL,
	"stddev" double precision DEFAULT 0 NOT NULL,
	"event_count" bigint DEFAULT 0 NOT NULL,
	"observed_actors" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"last_hour" timestamp with time zone,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cost_series_kind" CHECK (("cost_series"."kind" = 'egress') = ("cost_series"."service_id" is not null))
);
--> statement-breakpoint
CREATE TABLE "zombie_hunts" (
	"customer_id" bigint PRIMARY KEY NOT NULL,
	"hunted_at" timestamp with time zone NOT NULL,
	"unread" jsonb DEFAULT '[]'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "zombie_sightings" (
	"customer_id" bigint NOT NULL,
	"rule" text NOT NULL,
	"resource" text NOT NULL,
	"account" text DEFAULT '' NOT NULL,
	"first_seen" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "zombie_sightings_customer_id_rule_resource_account_pk" PRIMARY KEY("customer_id","rule","resource","account")
);
--> statement-breakpoint
CREATE TABLE "zombies" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "zombies_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"rule" text NOT NULL,
	"resource" text NOT NULL,
	"account" text DEFAULT '' NOT NULL,
	"service_id" bigint,
	"severity" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"first_seen" timestamp with time zone NOT NULL,
	"last_seen" timestamp with time zone NOT NULL,
	"last_activity" timestamp with time zone NOT NULL,
	"estimated_monthly_waste" bigint,
	"reason" text NOT NULL,
	"remedy" text NOT NULL,
	"changed_by" text,
	"changed_at" timestamp with time zone,
	"note" text,
	"remediated_at" timestamp with time zone,
	CONSTRAINT "zombies_end" CHECK (("zombies"."state" = 'remediated') = ("zombies"."remediated_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "breakers" ADD CONSTRAINT "breakers_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_accounts" ADD CONSTRAINT "cost_accounts_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_anomalies" ADD CONSTRAINT "cost_anomalies_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_anomalies" ADD CONSTRAINT "cost_anomalies_series_id_cost_series_id_fk" FOREIGN KEY ("series_id") REFERENCES "public"."cost_series"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_batches" ADD CONSTRAINT "cost_batches_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_cursors" ADD CONSTRAINT "cost_cursors_account_id_cost_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."cost_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_events" ADD CONSTRAINT "cost_events_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_files" ADD CONSTRAINT "cost_files_account_id_cost_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."cost_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_hours" ADD CONSTRAINT "cost_hours_series_id_cost_series_id_fk" FOREIGN KEY ("series_id") REFERENCES "public"."cost_series"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_modes" ADD CONSTRAINT "cost_modes_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_rates" ADD CONSTRAINT "cost_rates_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_seasons" ADD CONSTRAINT "cost_seasons_series_id_cost_series_id_fk" FOREIGN KEY ("series_id") REFERENCES "public"."cost_series"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_series" ADD CONSTRAINT "cost_series_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cost_series" ADD CONSTRAINT "cost_series_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zombie_hunts" ADD CONSTRAINT "zombie_hunts_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zombie_sightings" ADD CONSTRAINT "zombie_sightings_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zombies" ADD CONSTRAINT "zombies_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zombies" ADD CONSTRAINT "zombies_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "cost_accounts_name_key" ON "cost_accounts" USING btree ("customer_id","name") WHERE "cost_accounts"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "cost_anomalies_live_key" ON "cost_anomalies" USING btree ("series_id") WHERE "cost_anomalies"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "cost_anomalies_customer_idx" ON "cost_anomalies" USING btree ("customer_id","id");--> statement-breakpoint
CREATE INDEX "cost_batches_queue_idx" ON "cost_batches" USING btree ("next_try_at","id") WHERE "cost_batches"."state" = 'queued';--> statement-breakpoint
CREATE INDEX "cost_batches_customer_idx" ON "cost_batches" USING btree ("customer_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "cost_events_event_key" ON "cost_events" USING btree ("customer_id","event_id");--> statement-breakpoint
CREATE INDEX "cost_events_time_idx" ON "cost_events" USING btree ("customer_id","occurred_at","id");--> statement-breakpoint
CREATE INDEX "cost_events_created_idx" ON "cost_events" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "cost_events_data_idx" ON "cost_events" USING gin ("data" jsonb_path_ops);--> statement-breakpoint
CREATE INDEX "cost_hours_hour_idx" ON "cost_hours" USING btree ("hour");--> statement-breakpoint
CREATE UNIQUE INDEX "cost_series_key" ON "cost_series" USING btree ("customer_id","kind","account_id","resource_type",coalesce("service_id", 0),coalesce("cdn", ''));--> statement-breakpoint
CREATE INDEX "cost_series_service_idx" ON "cost_series" USING btree ("service_id");--> statement-breakpoint
CREATE UNIQUE INDEX "zombies_live_key" ON "zombies" USING btree ("customer_id","rule","resource","account") WHERE "zombies"."state" <> 'remediated';--> statement-breakpoint
CREATE INDEX "zombies_customer_idx" ON "zombies" USING btree ("customer_id","id");