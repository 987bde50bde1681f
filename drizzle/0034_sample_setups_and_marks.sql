CREATE TABLE "probe_marks" (
	"domain_id" bigint NOT NULL,
	"path" text NOT NULL,
	"vantage" text NOT NULL,
	"setup" smallint NOT NULL,
	"round_at" timestamp with time zone NOT NULL,
	CONSTRAINT "probe_marks_domain_id_path_vantage_setup_pk" PRIMARY KEY("domain_id","path","vantage","setup")
);
--> statement-breakpoint
CREATE TABLE "shard_loads" (
	"shard" integer PRIMARY KEY NOT NULL,
	"shards" integer NOT NULL,
	"domains" integer NOT NULL,
	"left_out" integer NOT NULL,
	"utilisation" real NOT NULL,
	"measured_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "probe_samples" ADD COLUMN "setup" smallint;--> statement-breakpoint
ALTER TABLE "providers" ADD COLUMN "clock_skew_ms" integer;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "primary_setup" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "backup_setup" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "direct_setup" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD COLUMN "primary_found" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD COLUMN "backup_found" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "service_routing" ADD COLUMN "latched_also" jsonb;--> statement-breakpoint
ALTER TABLE "probe_marks" ADD CONSTRAINT "probe_marks_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "service_domains_ever_idx" ON "service_domains" USING btree ("service_id");