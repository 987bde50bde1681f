CREATE TABLE "invoice_line_uncredited" (
	"line_id" bigint NOT NULL,
	"storm_id" bigint NOT NULL,
	"credit" text NOT NULL,
	"reason" text,
	CONSTRAINT "invoice_line_uncredited_line_id_storm_id_pk" PRIMARY KEY("line_id","storm_id"),
	CONSTRAINT "invoice_line_uncredited_credit" CHECK ("invoice_line_uncredited"."credit" in ('pending', 'refused'))
);
--> statement-breakpoint
CREATE TABLE "usage_correction_requests" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "usage_correction_requests_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"service_id" bigint NOT NULL,
	"snapshot_id" bigint NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"window_end" timestamp with time zone NOT NULL,
	"primary_bytes" bigint,
	"backup_bytes" bigint,
	"was_primary_bytes" bigint NOT NULL,
	"was_backup_bytes" bigint NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"actor" text NOT NULL,
	"requested_at" timestamp with time zone DEFAULT now() NOT NULL,
	"decided_at" timestamp with time zone,
	"decided_by" text,
	"reason" text,
	CONSTRAINT "usage_correction_requests_status" CHECK ("usage_correction_requests"."status" in ('pending', 'approved', 'rejected', 'superseded')
      and ("usage_correction_requests"."status" = 'pending') = ("usage_correction_requests"."decided_at" is null)),
	CONSTRAINT "usage_correction_requests_bytes" CHECK (coalesce("usage_correction_requests"."primary_bytes", "usage_correction_requests"."backup_bytes") is not null
      and coalesce("usage_correction_requests"."primary_bytes", 0) >= 0 and coalesce("usage_correction_requests"."backup_bytes", 0) >= 0)
);
--> statement-breakpoint
ALTER TABLE "evidence" DROP CONSTRAINT "evidence_kind";--> statement-breakpoint
ALTER TABLE "storm_events" ADD COLUMN "credited_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "billing_terms" ADD COLUMN "credit_rule" text;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "trigger_edited_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD COLUMN "primary_found_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "invoice_line_uncredited" ADD CONSTRAINT "invoice_line_uncredited_line_id_invoice_line_items_id_fk" FOREIGN KEY ("line_id") REFERENCES "public"."invoice_line_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line_uncredited" ADD CONSTRAINT "invoice_line_uncredited_storm_id_storm_events_id_fk" FOREIGN KEY ("storm_id") REFERENCES "public"."storm_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_correction_requests" ADD CONSTRAINT "usage_correction_requests_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_correction_requests" ADD CONSTRAINT "usage_correction_requests_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_correction_requests" ADD CONSTRAINT "usage_correction_requests_snapshot_id_usage_snapshots_id_fk" FOREIGN KEY ("snapshot_id") REFERENCES "public"."usage_snapshots"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "invoice_line_uncredited_storm_idx" ON "invoice_line_uncredited" USING btree ("storm_id");--> statement-breakpoint
CREATE UNIQUE INDEX "usage_correction_requests_pending_key" ON "usage_correction_requests" USING btree ("snapshot_id") WHERE "usage_correction_requests"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "usage_correction_requests_customer_idx" ON "usage_correction_requests" USING btree ("customer_id","id");--> statement-breakpoint
CREATE INDEX "usage_correction_requests_status_idx" ON "usage_correction_requests" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "storm_events_corroboration_idx" ON "storm_events" USING btree ("detected_at") WHERE "storm_events"."credit" = 'pending' or ("storm_events"."credited_until" is not null and "storm_events"."ended_at" is null);--> statement-breakpoint
ALTER TABLE "evidence" ADD CONSTRAINT "evidence_kind" CHECK ("evidence"."kind" in ('begin', 'relapse', 'switch', 'observed', 'credit', 'end'));--> statement-breakpoint
ALTER TABLE "billing_terms" ADD CONSTRAINT "billing_terms_credit_rule" CHECK ("billing_terms"."credit_rule" in ('storm', 'verified', 'corroborated'));--> statement-breakpoint
ALTER TABLE "billing_terms" ADD CONSTRAINT "billing_terms_scale" CHECK (scale(trim_scale("billing_terms"."rate_cents_per_gb")) <= 4 and scale(trim_scale("billing_terms"."discount_rate")) <= 4) NOT VALID;--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD CONSTRAINT "invoice_line_items_scale" CHECK (scale(trim_scale("invoice_line_items"."rate_cents_per_gb")) <= 9 and scale(trim_scale("invoice_line_items"."discount_rate")) <= 9) NOT VALID;--> statement-breakpoint
ALTER TABLE "storm_policy_versions" ADD CONSTRAINT "storm_policy_versions_scale" CHECK (scale(trim_scale("storm_policy_versions"."threshold_avail")) <= 4 and scale(trim_scale("storm_policy_versions"."max_coverage_factor")) <= 4) NOT VALID;--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_cap_scale" CHECK (scale(trim_scale("customers"."max_coverage_cap")) <= 4) NOT VALID;