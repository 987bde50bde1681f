CREATE TABLE "probe_agents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "probe_agents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"location" text,
	"public_key" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	"last_sample_at" timestamp with time zone,
	"clock_skew_ms" integer,
	"version" text,
	CONSTRAINT "probe_agents_name" CHECK ("probe_agents"."name" ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
	CONSTRAINT "probe_agents_public_key" CHECK ("probe_agents"."public_key" ~ '^[A-Za-z0-9_-]{43}$')
);
--> statement-breakpoint
CREATE UNIQUE INDEX "probe_agents_public_key_key" ON "probe_agents" USING btree ("public_key");--> statement-breakpoint
CREATE UNIQUE INDEX "probe_agents_name_key" ON "probe_agents" USING btree ("name");