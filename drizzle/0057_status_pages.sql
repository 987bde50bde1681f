CREATE TABLE "status_incidents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "status_incidents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"customer_id" bigint NOT NULL,
	"public_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"title" text NOT NULL,
	"impact" text NOT NULL,
	"state" text NOT NULL,
	"service_ids" bigint[] NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone,
	"updates" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "status_incidents_impact" CHECK ("status_incidents"."impact" in ('minor', 'major', 'critical', 'maintenance')),
	CONSTRAINT "status_incidents_state" CHECK (case when "status_incidents"."impact" = 'maintenance' then "status_incidents"."state" in ('scheduled', 'resolved') else "status_incidents"."state" in ('investigating', 'identified', 'monitoring', 'resolved') end),
	CONSTRAINT "status_incidents_ends" CHECK (("status_incidents"."ends_at" is not null) = ("status_incidents"."impact" = 'maintenance') and ("status_incidents"."ends_at" is null or "status_incidents"."ends_at" > "status_incidents"."starts_at")),
	CONSTRAINT "status_incidents_updates" CHECK (jsonb_typeof("status_incidents"."updates") = 'array')
);
--> statement-breakpoint
CREATE TABLE "status_pages" (
	"customer_id" bigint PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"title" text NOT NULL,
	"enabled" boolean DEFAULT false NOT NULL,
	"services" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "status_pages_slug" CHECK ("status_pages"."slug" ~ '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'),
	CONSTRAINT "status_pages_services" CHECK (jsonb_typeof("status_pages"."services") = 'array')
);
--> statement-breakpoint
ALTER TABLE "status_incidents" ADD CONSTRAINT "status_incidents_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "status_pages" ADD CONSTRAINT "status_pages_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "status_incidents_customer_idx" ON "status_incidents" USING btree ("customer_id","id");--> statement-breakpoint
CREATE INDEX "status_incidents_time_idx" ON "status_incidents" USING btree ("customer_id","starts_at");--> statement-breakpoint
CREATE UNIQUE INDEX "status_pages_slug_key" ON "status_pages" USING btree ("slug");