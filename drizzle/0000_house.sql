CREATE TABLE "probe_samples" (
	"service_id" bigint NOT NULL,
	"domain_id" bigint NOT NULL,
	"path" text NOT NULL,
	"vantage" text NOT NULL,
	"round_at" timestamp with time zone NOT NULL,
	"attempt" smallint NOT NULL,
	"probed_at" timestamp with time zone NOT NULL,
	"ok" boolean NOT NULL,
	"status" smallint,
	"latency_ms" integer NOT NULL,
	"error" text,
	CONSTRAINT "probe_samples_domain_id_round_at_path_vantage_attempt_pk" PRIMARY KEY("domain_id","round_at","path","vantage","attempt"),
	CONSTRAINT "probe_samples_path" CHECK ("probe_samples"."path" in ('primary', 'backup', 'direct')),
	CONSTRAINT "probe_samples_error" CHECK ("probe_samples"."ok" = ("probe_samples"."error" is null))
);
--> statement-breakpoint
CREATE TABLE "storm_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "storm_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"policy_id" bigint NOT NULL,
	"policy_version" integer NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"monitor_only" boolean DEFAULT false NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"detected_at" timestamp with time zone NOT NULL,
	"recovering_since" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"ended_reason" text,
	"relapses" integer DEFAULT 0 NOT NULL,
	"max_coverage_factor" numeric NOT NULL,
	CONSTRAINT "storm_events_state" CHECK ("storm_events"."state" in ('storm', 'recovering', 'ended')
      and ("storm_events"."state" = 'ended') = ("storm_events"."ended_at" is not null)
      and ("storm_events"."state" = 'ended') = ("storm_events"."ended_reason" is not null)
      and ("storm_events"."state" <> 'recovering' or "storm_events"."recovering_since" is not null)),
	CONSTRAINT "storm_events_order" CHECK ("storm_events"."ended_at" is null or "storm_events"."ended_at" >= "storm_events"."started_at"),
	CONSTRAINT "storm_events_factor" CHECK ("storm_events"."max_coverage_factor" > 0)
);
--> statement-breakpoint
CREATE TABLE "vantages" (
	"name" text PRIMARY KEY NOT NULL,
	"last_heard_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invoice_line_items" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "invoice_line_items_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"invoice_id" bigint NOT NULL,
	"kind" text DEFAULT 'usage' NOT NULL,
	"arrears" boolean DEFAULT false NOT NULL,
	"snapshot_id" bigint NOT NULL,
	"service_id" bigint NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"window_end" timestamp with time zone NOT NULL,
	"primary_bytes" bigint NOT NULL,
	"backup_bytes" bigint NOT NULL,
	"rate_cents_per_gb" numeric NOT NULL,
	"discount_rate" numeric NOT NULL,
	"storm_microseconds" bigint NOT NULL,
	"max_coverage_factor" numeric NOT NULL,
	"amount_cents" bigint NOT NULL,
	"discount_cents" bigint NOT NULL,
	CONSTRAINT "invoice_line_items_kind" CHECK ("invoice_line_items"."kind" in ('usage', 'adjustment'))
);
--> statement-breakpoint
CREATE TABLE "invoices" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "invoices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"number" bigint NOT NULL,
	"period_start" timestamp with time zone NOT NULL,
	"period_end" timestamp with time zone NOT NULL,
	"subtotal_cents" bigint NOT NULL,
	"discount_cents" bigint NOT NULL,
	"total_cents" bigint NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	CONSTRAINT "invoices_number_key" UNIQUE("customer_id","number"),
	CONSTRAINT "invoices_total" CHECK ("invoices"."total_cents" = "invoices"."subtotal_cents" - "invoices"."discount_cents"),
	CONSTRAINT "invoices_period" CHECK ("invoices"."period_end" > "invoices"."period_start")
);
--> statement-breakpoint
CREATE TABLE "usage_snapshots" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "usage_snapshots_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"window_end" timestamp with time zone NOT NULL,
	"primary_bytes" bigint DEFAULT 0 NOT NULL,
	"backup_bytes" bigint DEFAULT 0 NOT NULL,
	"primary_source" text,
	"backup_source" text,
	"invoice_id" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "usage_snapshots_window_key" UNIQUE("service_id","window_start"),
	CONSTRAINT "usage_snapshots_window" CHECK ("usage_snapshots"."window_end" > "usage_snapshots"."window_start"),
	CONSTRAINT "usage_snapshots_bytes" CHECK ("usage_snapshots"."primary_bytes" >= 0 and "usage_snapshots"."backup_bytes" >= 0)
);
--> statement-breakpoint
CREATE TABLE "job_runs" (
	"job" text NOT NULL,
	"provider" text NOT NULL,
	"last_started_at" timestamp with time zone NOT NULL,
	"last_succeeded_at" timestamp with time zone,
	"last_failed_at" timestamp with time zone,
	"last_duration_ms" integer,
	"successes" bigint DEFAULT 0 NOT NULL,
	"failures" bigint DEFAULT 0 NOT NULL,
	"overruns" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "job_runs_job_provider_pk" PRIMARY KEY("job","provider")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"provider" text NOT NULL,
	"epoch" bigint DEFAULT 1 NOT NULL,
	"acquired_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"released_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "service_domains" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "service_domains_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"name" text NOT NULL,
	"primary_target" text,
	"backup_target" text,
	"probe_path" text,
	"expect_status" text DEFAULT '200-399' NOT NULL,
	"normal_primary_weight" integer DEFAULT 100 NOT NULL,
	"normal_backup_weight" integer DEFAULT 0 NOT NULL,
	"challenge_token" text NOT NULL,
	"verified_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "service_domains_weights" CHECK ("service_domains"."normal_primary_weight" between 0 and 255
      and "service_domains"."normal_backup_weight" between 0 and 255 and "service_domains"."normal_primary_weight" + "service_domains"."normal_backup_weight" > 0)
);
--> statement-breakpoint
CREATE TABLE "services" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "services_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"name" text NOT NULL,
	"primary_cdn" text NOT NULL,
	"backup_cdn" text NOT NULL,
	"steering" text DEFAULT 'auto' NOT NULL,
	"failback_steps" jsonb DEFAULT '[100]'::jsonb NOT NULL,
	"failback_step_seconds" integer DEFAULT 60 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "services_steering" CHECK ("services"."steering" in ('auto', 'shadow')),
	CONSTRAINT "services_two_cdns" CHECK ("services"."primary_cdn" <> "services"."backup_cdn"),
	CONSTRAINT "services_failback_step_seconds" CHECK ("services"."failback_step_seconds" between 1 and 86400)
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"id" bigint PRIMARY KEY DEFAULT 1 NOT NULL,
	"shards" integer DEFAULT 1 NOT NULL,
	"usage_window_seconds" integer,
	CONSTRAINT "settings_single_row" CHECK ("settings"."id" = 1),
	CONSTRAINT "settings_shards" CHECK ("settings"."shards" between 1 and 1024)
);
--> statement-breakpoint
CREATE TABLE "storm_policies" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "storm_policies_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "storm_policies_kind" CHECK ("storm_policies"."kind" in ('http_availability', 'http_latency'))
);
--> statement-breakpoint
CREATE TABLE "storm_policy_versions" (
	"policy_id" bigint NOT NULL,
	"version" integer NOT NULL,
	"threshold_avail" numeric NOT NULL,
	"window_seconds" integer NOT NULL,
	"cooldown_seconds" integer NOT NULL,
	"max_coverage_factor" numeric NOT NULL,
	"min_samples" integer NOT NULL,
	"min_failures" integer NOT NULL,
	"latency_ms" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "storm_policy_versions_policy_id_version_pk" PRIMARY KEY("policy_id","version"),
	CONSTRAINT "storm_policy_versions_bounds" CHECK ("storm_policy_versions"."threshold_avail" > 0 and "storm_policy_versions"."threshold_avail" <= 1
      and "storm_policy_versions"."window_seconds" between 1 and 3600 and "storm_policy_versions"."cooldown_seconds" between 0 and 86400
      and "storm_policy_versions"."max_coverage_factor" > 0 and "storm_policy_versions"."max_coverage_factor" <= 10
      and "storm_policy_versions"."min_samples" between 1 and 100 and "storm_policy_versions"."min_failures" between 1 and 100
      and ("storm_policy_versions"."latency_ms" is null or "storm_policy_versions"."latency_ms" between 1 and 60000))
);
--> statement-breakpoint
CREATE TABLE "domain_routing" (
	"domain_id" bigint PRIMARY KEY NOT NULL,
	"service_id" bigint NOT NULL,
	"status" text NOT NULL,
	"zone_id" text,
	"records" jsonb,
	"read_at" timestamp with time zone,
	"primary_weight" smallint,
	"backup_weight" smallint,
	"discovered_primary_target" text,
	"discovered_backup_target" text,
	"discovered_primary_ok" boolean DEFAULT false NOT NULL,
	"discovered_backup_ok" boolean DEFAULT false NOT NULL,
	"moved_at" timestamp with time zone,
	"last_error" text,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "routing_changes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "routing_changes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"domain_id" bigint NOT NULL,
	"storm_id" bigint,
	"from_primary" smallint NOT NULL,
	"from_backup" smallint NOT NULL,
	"to_primary" smallint NOT NULL,
	"to_backup" smallint NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"epoch" bigint NOT NULL,
	"shadow" boolean DEFAULT false NOT NULL,
	"result" text NOT NULL,
	"change_id" text,
	"error" text,
	"intended_at" timestamp with time zone NOT NULL,
	"accepted_at" timestamp with time zone,
	"insync_at" timestamp with time zone,
	CONSTRAINT "routing_changes_result" CHECK ("routing_changes"."result" in ('intent', 'accepted', 'insync', 'failed', 'superseded', 'shadow')),
	CONSTRAINT "routing_changes_weights" CHECK (least("routing_changes"."from_primary", "routing_changes"."from_backup", "routing_changes"."to_primary", "routing_changes"."to_backup") >= 0
      and greatest("routing_changes"."from_primary", "routing_changes"."from_backup", "routing_changes"."to_primary", "routing_changes"."to_backup") <= 255)
);
--> statement-breakpoint
CREATE TABLE "service_routing" (
	"service_id" bigint PRIMARY KEY NOT NULL,
	"state" text DEFAULT 'normal' NOT NULL,
	"reason" text DEFAULT '' NOT NULL,
	"override_mode" text,
	"override_reason" text,
	"override_until" timestamp with time zone,
	"override_actor" text,
	"override_set_at" timestamp with time zone,
	"latched_storm_id" bigint,
	"latched_relapses" integer,
	"failback_step" integer,
	"failback_step_at" timestamp with time zone,
	"shadow_target" text,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "service_routing_override" CHECK ("service_routing"."override_mode" is null or "service_routing"."override_mode" in ('primary', 'backup', 'frozen'))
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"object_type" text NOT NULL,
	"object_id" bigint,
	"before" jsonb,
	"after" jsonb,
	"request_id" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "customer_tokens" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "customer_tokens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "customer_tokens_role" CHECK ("customer_tokens"."role" in ('viewer', 'editor')),
	CONSTRAINT "customer_tokens_hash_form" CHECK ("customer_tokens"."token_hash" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "customers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "customers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"max_coverage_cap" numeric DEFAULT 1.5 NOT NULL,
	"next_invoice_number" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customers_cap_range" CHECK ("customers"."max_coverage_cap" > 0 and "customers"."max_coverage_cap" <= 10)
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"customer_id" bigint NOT NULL,
	"method" text NOT NULL,
	"path" text NOT NULL,
	"key" text NOT NULL,
	"body_hash" text NOT NULL,
	"status" bigint NOT NULL,
	"answer" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_customer_id_method_path_key_pk" PRIMARY KEY("customer_id","method","path","key")
);
--> statement-breakpoint
ALTER TABLE "probe_samples" ADD CONSTRAINT "probe_samples_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storm_events" ADD CONSTRAINT "storm_events_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storm_events" ADD CONSTRAINT "storm_events_policy_id_storm_policies_id_fk" FOREIGN KEY ("policy_id") REFERENCES "public"."storm_policies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD CONSTRAINT "invoice_line_items_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD CONSTRAINT "invoice_line_items_snapshot_id_usage_snapshots_id_fk" FOREIGN KEY ("snapshot_id") REFERENCES "public"."usage_snapshots"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD CONSTRAINT "invoice_line_items_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_snapshots" ADD CONSTRAINT "usage_snapshots_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_snapshots" ADD CONSTRAINT "usage_snapshots_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_domains" ADD CONSTRAINT "service_domains_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_domains" ADD CONSTRAINT "service_domains_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storm_policies" ADD CONSTRAINT "storm_policies_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storm_policy_versions" ADD CONSTRAINT "storm_policy_versions_policy_id_storm_policies_id_fk" FOREIGN KEY ("policy_id") REFERENCES "public"."storm_policies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD CONSTRAINT "domain_routing_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD CONSTRAINT "domain_routing_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD CONSTRAINT "routing_changes_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD CONSTRAINT "routing_changes_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD CONSTRAINT "routing_changes_storm_id_storm_events_id_fk" FOREIGN KEY ("storm_id") REFERENCES "public"."storm_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_routing" ADD CONSTRAINT "service_routing_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_routing" ADD CONSTRAINT "service_routing_latched_storm_id_storm_events_id_fk" FOREIGN KEY ("latched_storm_id") REFERENCES "public"."storm_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_tokens" ADD CONSTRAINT "customer_tokens_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "probe_samples_age_idx" ON "probe_samples" USING brin ("probed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "storm_events_active_key" ON "storm_events" USING btree ("service_id","kind") WHERE "storm_events"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "storm_events_service_idx" ON "storm_events" USING btree ("service_id","started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_line_items_snapshot_key" ON "invoice_line_items" USING btree ("snapshot_id") WHERE "invoice_line_items"."kind" = 'usage';--> statement-breakpoint
CREATE INDEX "invoice_line_items_invoice_idx" ON "invoice_line_items" USING btree ("invoice_id","window_start","service_id");--> statement-breakpoint
CREATE INDEX "usage_snapshots_unbilled_idx" ON "usage_snapshots" USING btree ("window_end","service_id") WHERE "usage_snapshots"."invoice_id" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "service_domains_customer_name_key" ON "service_domains" USING btree ("customer_id","name") WHERE "service_domains"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "service_domains_verified_name_key" ON "service_domains" USING btree ("name") WHERE "service_domains"."deleted_at" is null and "service_domains"."verified_at" is not null;--> statement-breakpoint
CREATE INDEX "service_domains_service_idx" ON "service_domains" USING btree ("service_id","id") WHERE "service_domains"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "services_name_key" ON "services" USING btree ("customer_id","name") WHERE "services"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "services_customer_idx" ON "services" USING btree ("customer_id","id") WHERE "services"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "storm_policies_live_key" ON "storm_policies" USING btree ("service_id","kind") WHERE "storm_policies"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "routing_changes_service_idx" ON "routing_changes" USING btree ("service_id","id");--> statement-breakpoint
CREATE INDEX "routing_changes_open_idx" ON "routing_changes" USING btree ("domain_id") WHERE "routing_changes"."result" in ('intent', 'accepted');--> statement-breakpoint
CREATE INDEX "audit_log_customer_idx" ON "audit_log" USING btree ("customer_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "customer_tokens_hash_key" ON "customer_tokens" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "customer_tokens_customer_idx" ON "customer_tokens" USING btree ("customer_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "customers_name_key" ON "customers" USING btree ("name");--> statement-breakpoint
CREATE INDEX "idempotency_keys_age_idx" ON "idempotency_keys" USING btree ("created_at");