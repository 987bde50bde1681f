CREATE TABLE "probe_rollups_hour" (
	"domain_id" bigint NOT NULL,
	"path" text NOT NULL,
	"vantage" text NOT NULL,
	"start_at" timestamp with time zone NOT NULL,
	"samples" integer NOT NULL,
	"ok" integer NOT NULL,
	"latencies" jsonb NOT NULL,
	CONSTRAINT "probe_rollups_hour_domain_id_start_at_path_vantage_pk" PRIMARY KEY("domain_id","start_at","path","vantage"),
	CONSTRAINT "probe_rollups_hour_counts" CHECK ("probe_rollups_hour"."ok" between 0 and "probe_rollups_hour"."samples")
);
--> statement-breakpoint
CREATE TABLE "probe_rollups_minute" (
	"domain_id" bigint NOT NULL,
	"path" text NOT NULL,
	"vantage" text NOT NULL,
	"start_at" timestamp with time zone NOT NULL,
	"samples" integer NOT NULL,
	"ok" integer NOT NULL,
	"latencies" jsonb NOT NULL,
	CONSTRAINT "probe_rollups_minute_domain_id_start_at_path_vantage_pk" PRIMARY KEY("domain_id","start_at","path","vantage"),
	CONSTRAINT "probe_rollups_minute_counts" CHECK ("probe_rollups_minute"."ok" between 0 and "probe_rollups_minute"."samples")
);
--> statement-breakpoint
CREATE TABLE "rollup_marks" (
	"level" text PRIMARY KEY NOT NULL,
	"done_until" timestamp with time zone NOT NULL,
	CONSTRAINT "rollup_marks_level" CHECK ("rollup_marks"."level" in ('minute', 'hour'))
);
--> statement-breakpoint
ALTER TABLE "probe_rollups_hour" ADD CONSTRAINT "probe_rollups_hour_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "probe_rollups_minute" ADD CONSTRAINT "probe_rollups_minute_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;