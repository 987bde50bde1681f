CREATE TABLE "cdn_accounts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cdn_accounts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"cdn" text NOT NULL,
	"account_ref" text,
	"sealed_token" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_read_at" timestamp with time zone,
	"last_error" text,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "cdn_accounts_cdn" CHECK ("cdn_accounts"."cdn" in ('cloudflare', 'fastly')),
	CONSTRAINT "cdn_accounts_ref" CHECK ("cdn_accounts"."cdn" <> 'cloudflare' or "cdn_accounts"."account_ref" is not null)
);
--> statement-breakpoint
CREATE TABLE "adjustment_causes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "adjustment_causes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"cause" text NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"noted_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "adjustment_causes_cause" CHECK ("adjustment_causes"."cause" in ('usage', 'storm')),
	CONSTRAINT "adjustment_causes_span" CHECK ("adjustment_causes"."to_at" > "adjustment_causes"."from_at")
);
--> statement-breakpoint
CREATE TABLE "billing_terms" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "billing_terms_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"rate_cents_per_gb" numeric NOT NULL,
	"discount_rate" numeric NOT NULL,
	"currency" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "billing_terms_start_key" UNIQUE("customer_id","valid_from"),
	CONSTRAINT "billing_terms_bounds" CHECK ("billing_terms"."rate_cents_per_gb" between 0 and 1000000 and "billing_terms"."discount_rate" between 0 and 1),
	CONSTRAINT "billing_terms_currency" CHECK ("billing_terms"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "invoice_line_storms" (
	"line_id" bigint NOT NULL,
	"storm_id" bigint NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"max_coverage_factor" numeric NOT NULL,
	CONSTRAINT "invoice_line_storms_line_id_storm_id_pk" PRIMARY KEY("line_id","storm_id"),
	CONSTRAINT "invoice_line_storms_span" CHECK ("invoice_line_storms"."to_at" > "invoice_line_storms"."from_at")
);
--> statement-breakpoint
CREATE TABLE "reconciliation_findings" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "reconciliation_findings_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"rule" text NOT NULL,
	"object_type" text NOT NULL,
	"object_id" bigint NOT NULL,
	"expected" text NOT NULL,
	"actual" text NOT NULL,
	"found_at" timestamp with time zone NOT NULL,
	"last_seen_at" timestamp with time zone NOT NULL,
	"cleared_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "usage_corrections" (
	"snapshot_id" bigint PRIMARY KEY NOT NULL,
	"primary_bytes" bigint NOT NULL,
	"backup_bytes" bigint NOT NULL,
	"primary_source" text,
	"backup_source" text,
	"primary_sampling" jsonb,
	"backup_sampling" jsonb,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "usage_corrections_bytes" CHECK ("usage_corrections"."primary_bytes" >= 0 and "usage_corrections"."backup_bytes" >= 0)
);
--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD COLUMN "currency" text DEFAULT 'USD' NOT NULL;--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD COLUMN "terms_id" bigint;--> statement-breakpoint
ALTER TABLE "invoices" ADD COLUMN "currency" text DEFAULT 'USD' NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_snapshots" ADD COLUMN "primary_sampling" jsonb;--> statement-breakpoint
ALTER TABLE "usage_snapshots" ADD COLUMN "backup_sampling" jsonb;--> statement-breakpoint
ALTER TABLE "cdn_accounts" ADD CONSTRAINT "cdn_accounts_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "adjustment_causes" ADD CONSTRAINT "adjustment_causes_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "billing_terms" ADD CONSTRAINT "billing_terms_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line_storms" ADD CONSTRAINT "invoice_line_storms_line_id_invoice_line_items_id_fk" FOREIGN KEY ("line_id") REFERENCES "public"."invoice_line_items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line_storms" ADD CONSTRAINT "invoice_line_storms_storm_id_storm_events_id_fk" FOREIGN KEY ("storm_id") REFERENCES "public"."storm_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliation_findings" ADD CONSTRAINT "reconciliation_findings_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_corrections" ADD CONSTRAINT "usage_corrections_snapshot_id_usage_snapshots_id_fk" FOREIGN KEY ("snapshot_id") REFERENCES "public"."usage_snapshots"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "cdn_accounts_live_key" ON "cdn_accounts" USING btree ("customer_id","cdn") WHERE "cdn_accounts"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "adjustment_causes_service_idx" ON "adjustment_causes" USING btree ("service_id");--> statement-breakpoint
CREATE UNIQUE INDEX "reconciliation_findings_open_key" ON "reconciliation_findings" USING btree ("rule","object_id") WHERE "reconciliation_findings"."cleared_at" is null;--> statement-breakpoint
CREATE INDEX "reconciliation_findings_customer_idx" ON "reconciliation_findings" USING btree ("customer_id","id");--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD CONSTRAINT "invoice_line_items_terms_id_billing_terms_id_fk" FOREIGN KEY ("terms_id") REFERENCES "public"."billing_terms"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_line_items_adjustment_key" ON "invoice_line_items" USING btree ("snapshot_id","invoice_id") WHERE "invoice_line_items"."kind" = 'adjustment';