CREATE TABLE "install_sessions" (
	"week" text NOT NULL,
	"session_id" text NOT NULL,
	"protocol_version" text NOT NULL,
	"daemon_version" text NOT NULL,
	"platform" text NOT NULL,
	"node_version" text NOT NULL,
	"primary_framework" text NOT NULL,
	"first_seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "install_sessions_week_session_id_pk" PRIMARY KEY("week","session_id"),
	CONSTRAINT "install_sessions_week" CHECK ("install_sessions"."week" ~ '^[0-9]{4}-W[0-9]{2}$'),
	CONSTRAINT "install_sessions_session_id" CHECK ("install_sessions"."session_id" ~ '^[A-Za-z0-9_-]{8,64}$')
);
--> statement-breakpoint
CREATE INDEX "install_sessions_age_idx" ON "install_sessions" USING btree ("first_seen_at");