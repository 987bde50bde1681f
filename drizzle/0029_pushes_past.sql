CREATE TABLE "usage_pushes_past" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "usage_pushes_past_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"service_id" bigint NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"side" text NOT NULL,
	"bytes" bigint NOT NULL,
	"covers" text NOT NULL,
	"actor" text NOT NULL,
	"pushed_at" timestamp with time zone NOT NULL,
	"replaced_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "usage_facts_since" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "usage_pushes_past_window_idx" ON "usage_pushes_past" USING btree ("service_id","window_start");