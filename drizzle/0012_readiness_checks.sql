CREATE TABLE "readiness_checks" (
	"service_id" bigint PRIMARY KEY NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"actor" text NOT NULL,
	"result" text NOT NULL,
	"checks" jsonb NOT NULL,
	CONSTRAINT "readiness_checks_result" CHECK ("readiness_checks"."result" in ('pass', 'warn', 'fail'))
);
--> statement-breakpoint
ALTER TABLE "readiness_checks" ADD CONSTRAINT "readiness_checks_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;