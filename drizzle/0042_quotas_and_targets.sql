CREATE TABLE "probe_claims" (
	"domain_id" bigint NOT NULL,
	"path" text NOT NULL,
	"host" text NOT NULL,
	"phase" integer NOT NULL,
	"period" integer NOT NULL,
	CONSTRAINT "probe_claims_domain_id_path_pk" PRIMARY KEY("domain_id","path"),
	CONSTRAINT "probe_claims_path" CHECK ("probe_claims"."path" in ('primary', 'backup', 'direct')),
	CONSTRAINT "probe_claims_turn" CHECK ("probe_claims"."period" >= 10 and "probe_claims"."phase" >= 0 and "probe_claims"."phase" < "probe_claims"."period")
);
--> statement-breakpoint
CREATE TABLE "probe_targets" (
	"host" text PRIMARY KEY NOT NULL,
	"addresses" text NOT NULL,
	"consent" text,
	"checked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "probe_targets_addresses" CHECK ("probe_targets"."addresses" in ('public', 'private', 'none')),
	CONSTRAINT "probe_targets_consent" CHECK ("probe_targets"."consent" in ('txt', 'well_known'))
);
--> statement-breakpoint
CREATE TABLE "customer_quotas" (
	"customer_id" bigint PRIMARY KEY NOT NULL,
	"limits" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "job_runs" ADD COLUMN "failed_rounds" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "readiness_checks" ADD COLUMN "domains_checked" integer;--> statement-breakpoint
ALTER TABLE "readiness_checks" ADD COLUMN "domains_total" integer;--> statement-breakpoint
ALTER TABLE "probe_claims" ADD CONSTRAINT "probe_claims_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customer_quotas" ADD CONSTRAINT "customer_quotas_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "probe_targets_age_idx" ON "probe_targets" USING btree ("checked_at");--> statement-breakpoint
CREATE INDEX "probe_targets_private_idx" ON "probe_targets" USING btree ("host") WHERE "probe_targets"."addresses" = 'private';