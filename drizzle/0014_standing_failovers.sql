CREATE TABLE "standing_failovers" (
	"domain_id" bigint PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"nonce" text NOT NULL,
	"generation" integer DEFAULT 1 NOT NULL,
	"checks" jsonb DEFAULT '{"primary":null,"backup":null}'::jsonb NOT NULL,
	"restore" jsonb,
	"obsolete" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"attached" boolean DEFAULT false NOT NULL,
	"last_error" text,
	"checked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "standing_failovers_state" CHECK ("standing_failovers"."state" in ('standing', 'removing'))
);
--> statement-breakpoint
ALTER TABLE "standing_failovers" ADD CONSTRAINT "standing_failovers_domain_id_service_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."service_domains"("id") ON DELETE no action ON UPDATE no action;