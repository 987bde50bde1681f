CREATE TABLE "dns_zone_grants" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dns_zone_grants_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"zone_id" text NOT NULL,
	"customer_id" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "challenge_expires_at" timestamp with time zone DEFAULT now() + interval '7 days' NOT NULL;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "verified_by" text;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "proof_seen_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "proof_due_at" timestamp with time zone DEFAULT now() + interval '1 day' NOT NULL;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "lapsed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "absences" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "held_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "disputed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "lost_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "steer_checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "service_domains" ADD COLUMN "claim_rev" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "dns_zone_grants" ADD CONSTRAINT "dns_zone_grants_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "dns_zone_grants_key" ON "dns_zone_grants" USING btree ("zone_id","customer_id");--> statement-breakpoint
CREATE INDEX "dns_zone_grants_customer_idx" ON "dns_zone_grants" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "service_domains_proof_due_idx" ON "service_domains" USING btree ("proof_due_at") WHERE "service_domains"."deleted_at" is null and ("service_domains"."verified_at" is not null or "service_domains"."disputed_at" is not null);--> statement-breakpoint
CREATE INDEX "service_domains_troubled_idx" ON "service_domains" USING btree ("id") WHERE "service_domains"."deleted_at" is null and ("service_domains"."lapsed_at" is not null or "service_domains"."disputed_at" is not null);--> statement-breakpoint
ALTER TABLE "service_domains" ADD CONSTRAINT "service_domains_verified_by" CHECK ("service_domains"."verified_by" in ('proof', 'off', 'admin'));--> statement-breakpoint
-- Names that were held at once, because no proof was asked for, and that nobody has asked to be looked at since.
UPDATE service_domains d SET verified_by = 'off'
WHERE d.verified_at IS NOT NULL
  AND EXISTS (SELECT FROM audit_log a WHERE a.object_type = 'domain' AND a.object_id = d.id AND a.action = 'create' AND a.after->>'verified_at' IS NOT NULL)
  AND NOT EXISTS (SELECT FROM audit_log a WHERE a.object_type = 'domain' AND a.object_id = d.id AND a.action = 'verify');
--> statement-breakpoint
-- A token is as old as its claim: what was published for one long ago proves nothing any more.
UPDATE service_domains SET challenge_expires_at = created_at + interval '7 days' WHERE verified_at IS NULL;
--> statement-breakpoint
-- Proofs from before are looked up within a day, not all in the same minute. What tranche has switched already had its first switch.
UPDATE service_domains d SET proof_due_at = now() + random() * interval '1 day',
  steer_checked_at = (SELECT max(c.intended_at) FROM routing_changes c WHERE c.domain_id = d.id AND c.result IN ('accepted', 'insync', 'unconfirmed'))
WHERE d.verified_at IS NOT NULL AND d.deleted_at IS NULL;
