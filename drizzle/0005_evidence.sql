CREATE TABLE "evidence_chains" (
	"service_id" bigint PRIMARY KEY NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"hash" text
);
--> statement-breakpoint
CREATE TABLE "evidence" (
	"service_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"storm_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"body" text NOT NULL,
	"previous_hash" text,
	"hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "evidence_service_id_seq_pk" PRIMARY KEY("service_id","seq"),
	CONSTRAINT "evidence_kind" CHECK ("evidence"."kind" in ('begin', 'relapse', 'switch', 'end')),
	CONSTRAINT "evidence_chain" CHECK ("evidence"."seq" > 0 and ("evidence"."seq" = 1) = ("evidence"."previous_hash" is null))
);
--> statement-breakpoint
ALTER TABLE "evidence_chains" ADD CONSTRAINT "evidence_chains_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evidence" ADD CONSTRAINT "evidence_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evidence" ADD CONSTRAINT "evidence_storm_id_storm_events_id_fk" FOREIGN KEY ("storm_id") REFERENCES "public"."storm_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "evidence_storm_idx" ON "evidence" USING btree ("storm_id");