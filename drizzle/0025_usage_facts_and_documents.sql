CREATE TABLE "billing_profiles" (
	"customer_id" bigint PRIMARY KEY NOT NULL,
	"legal_name" text,
	"address" text,
	"tax_id" text,
	"po_number" text,
	"number_pattern" text DEFAULT 'TR-{year}-{number}' NOT NULL,
	"payment_days" integer DEFAULT 30 NOT NULL,
	"taxes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"reverse_charge" boolean DEFAULT false NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "billing_profiles_pattern" CHECK ("billing_profiles"."number_pattern" like '%{number}%'),
	CONSTRAINT "billing_profiles_days" CHECK ("billing_profiles"."payment_days" between 0 and 365)
);
--> statement-breakpoint
CREATE TABLE "invoice_documents" (
	"invoice_id" bigint PRIMARY KEY NOT NULL,
	"customer_id" bigint NOT NULL,
	"document_number" text NOT NULL,
	"kind" text NOT NULL,
	"cycle" text NOT NULL,
	"exponent" smallint NOT NULL,
	"tax_cents" bigint NOT NULL,
	"payable_cents" bigint NOT NULL,
	"due_at" timestamp with time zone,
	"customer_name" text NOT NULL,
	"body" jsonb NOT NULL,
	CONSTRAINT "invoice_documents_number_key" UNIQUE("customer_id","document_number"),
	CONSTRAINT "invoice_documents_kind" CHECK ("invoice_documents"."kind" in ('invoice', 'credit_note')),
	CONSTRAINT "invoice_documents_cycle" CHECK ("invoice_documents"."cycle" in ('run', 'day', 'month')),
	CONSTRAINT "invoice_documents_exponent" CHECK ("invoice_documents"."exponent" between 0 and 4)
);
--> statement-breakpoint
CREATE TABLE "invoice_links" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "invoice_links_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"invoice_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"last_opened_at" timestamp with time zone,
	CONSTRAINT "invoice_links_span" CHECK ("invoice_links"."expires_at" > "invoice_links"."created_at")
);
--> statement-breakpoint
CREATE TABLE "invoice_services" (
	"invoice_id" bigint NOT NULL,
	"service_id" bigint NOT NULL,
	"name" text NOT NULL,
	"primary_cdn" text NOT NULL,
	"backup_cdn" text NOT NULL,
	"lines" integer NOT NULL,
	"primary_bytes" bigint NOT NULL,
	"backup_bytes" bigint NOT NULL,
	"amount_cents" bigint NOT NULL,
	"discount_cents" bigint NOT NULL,
	CONSTRAINT "invoice_services_invoice_id_service_id_pk" PRIMARY KEY("invoice_id","service_id")
);
--> statement-breakpoint
CREATE TABLE "issuer_profile" (
	"id" bigint PRIMARY KEY DEFAULT 1 NOT NULL,
	"legal_name" text NOT NULL,
	"address" text,
	"tax_id" text,
	"payment_details" text,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "issuer_profile_single_row" CHECK ("issuer_profile"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "domain_tenures" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "domain_tenures_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain_id" bigint NOT NULL,
	"service_id" bigint NOT NULL,
	"customer_id" bigint NOT NULL,
	"name" text NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone,
	CONSTRAINT "domain_tenures_span" CHECK ("domain_tenures"."to_at" >= "domain_tenures"."from_at")
);
--> statement-breakpoint
CREATE TABLE "metering_marks" (
	"domain_id" bigint NOT NULL,
	"cdn" text NOT NULL,
	"settled_until" timestamp with time zone,
	"unreadable_since" timestamp with time zone,
	"unreadable_reason" text,
	CONSTRAINT "metering_marks_domain_id_cdn_pk" PRIMARY KEY("domain_id","cdn")
);
--> statement-breakpoint
CREATE TABLE "service_cdns" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "service_cdns_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"primary_cdn" text NOT NULL,
	"backup_cdn" text NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone,
	CONSTRAINT "service_cdns_span" CHECK ("service_cdns"."to_at" >= "service_cdns"."from_at")
);
--> statement-breakpoint
CREATE TABLE "usage_pushes" (
	"service_id" bigint NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"side" text NOT NULL,
	"bytes" bigint NOT NULL,
	"covers" text NOT NULL,
	"actor" text NOT NULL,
	"pushed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "usage_pushes_service_id_window_start_side_pk" PRIMARY KEY("service_id","window_start","side"),
	CONSTRAINT "usage_pushes_side" CHECK ("usage_pushes"."side" in ('primary', 'backup')),
	CONSTRAINT "usage_pushes_covers" CHECK ("usage_pushes"."covers" in ('rest', 'whole')),
	CONSTRAINT "usage_pushes_bytes" CHECK ("usage_pushes"."bytes" >= 0)
);
--> statement-breakpoint
CREATE TABLE "usage_readings" (
	"domain_id" bigint NOT NULL,
	"cdn" text NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"service_id" bigint NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"bytes" bigint NOT NULL,
	"sampling" jsonb,
	"account_id" bigint,
	"read_at" timestamp with time zone NOT NULL,
	CONSTRAINT "usage_readings_domain_id_cdn_from_at_pk" PRIMARY KEY("domain_id","cdn","from_at"),
	CONSTRAINT "usage_readings_slice" CHECK ("usage_readings"."to_at" > "usage_readings"."from_at" and "usage_readings"."from_at" >= "usage_readings"."window_start"),
	CONSTRAINT "usage_readings_bytes" CHECK ("usage_readings"."bytes" >= 0)
);
--> statement-breakpoint
CREATE TABLE "usage_readings_past" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "usage_readings_past_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain_id" bigint NOT NULL,
	"cdn" text NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"service_id" bigint NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"bytes" bigint NOT NULL,
	"sampling" jsonb,
	"account_id" bigint,
	"read_at" timestamp with time zone NOT NULL,
	"replaced_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "job_cursors" (
	"job" text PRIMARY KEY NOT NULL,
	"position" jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "storm_events" ADD COLUMN "credit" text DEFAULT 'earned' NOT NULL;--> statement-breakpoint
ALTER TABLE "storm_events" ADD COLUMN "credit_reason" text;--> statement-breakpoint
ALTER TABLE "billing_terms" ADD COLUMN "cycle" text;--> statement-breakpoint
ALTER TABLE "invoice_line_items" ADD COLUMN "estimated" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_corrections" ADD COLUMN "primary_incomplete" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_corrections" ADD COLUMN "backup_incomplete" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_snapshots" ADD COLUMN "primary_incomplete" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "usage_snapshots" ADD COLUMN "backup_incomplete" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "seen_healthy_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "customers" ADD COLUMN "billed_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "billing_profiles" ADD CONSTRAINT "billing_profiles_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_documents" ADD CONSTRAINT "invoice_documents_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_documents" ADD CONSTRAINT "invoice_documents_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_links" ADD CONSTRAINT "invoice_links_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_links" ADD CONSTRAINT "invoice_links_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_services" ADD CONSTRAINT "invoice_services_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_services" ADD CONSTRAINT "invoice_services_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "domain_tenures" ADD CONSTRAINT "domain_tenures_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "domain_tenures" ADD CONSTRAINT "domain_tenures_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "domain_tenures" ADD CONSTRAINT "domain_tenures_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "metering_marks" ADD CONSTRAINT "metering_marks_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_cdns" ADD CONSTRAINT "service_cdns_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_pushes" ADD CONSTRAINT "usage_pushes_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_readings" ADD CONSTRAINT "usage_readings_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_readings" ADD CONSTRAINT "usage_readings_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "invoice_links_invoice_idx" ON "invoice_links" USING btree ("invoice_id","id");--> statement-breakpoint
CREATE INDEX "domain_tenures_service_idx" ON "domain_tenures" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "domain_tenures_domain_idx" ON "domain_tenures" USING btree ("domain_id");--> statement-breakpoint
CREATE INDEX "domain_tenures_end_idx" ON "domain_tenures" USING btree ("to_at");--> statement-breakpoint
CREATE INDEX "domain_tenures_name_idx" ON "domain_tenures" USING btree ("name","to_at");--> statement-breakpoint
CREATE UNIQUE INDEX "domain_tenures_open_key" ON "domain_tenures" USING btree ("name") WHERE "domain_tenures"."to_at" is null;--> statement-breakpoint
CREATE INDEX "service_cdns_service_idx" ON "service_cdns" USING btree ("service_id","from_at");--> statement-breakpoint
CREATE UNIQUE INDEX "service_cdns_open_key" ON "service_cdns" USING btree ("service_id") WHERE "service_cdns"."to_at" is null;--> statement-breakpoint
CREATE INDEX "usage_readings_window_idx" ON "usage_readings" USING btree ("service_id","window_start");--> statement-breakpoint
CREATE INDEX "usage_readings_past_window_idx" ON "usage_readings_past" USING btree ("service_id","window_start");--> statement-breakpoint
ALTER TABLE "storm_events" ADD CONSTRAINT "storm_events_credit" CHECK ("storm_events"."credit" in ('earned', 'pending', 'refused'));--> statement-breakpoint
ALTER TABLE "billing_terms" ADD CONSTRAINT "billing_terms_cycle" CHECK ("billing_terms"."cycle" in ('run', 'day', 'month'));