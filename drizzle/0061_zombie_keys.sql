DROP INDEX "zombies_live_key";--> statement-breakpoint
ALTER TABLE "zombie_hunts" ALTER COLUMN "hunted_at" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "zombie_hunts" ADD COLUMN "tried_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "zombies" ADD COLUMN "key" text;--> statement-breakpoint
-- By hand, before the index: what was known by names is known by what bears them, of the services that it belongs to.
UPDATE "zombies" z SET "service_id" = s."id", "key" = CASE z."rule"
  WHEN 'backup-would-not-pay' THEN 'service ' || s."id" || ' on ' || s."backup_cdn"
  WHEN 'service-incomplete' THEN 'service ' || s."id"
  WHEN 'cdn-without-traffic' THEN z."account" || ' of service ' || s."id" END
FROM "services" s WHERE z."state" <> 'remediated' AND s."customer_id" = z."customer_id" AND s."deleted_at" IS NULL AND z."resource" = CASE z."rule"
  WHEN 'backup-would-not-pay' THEN s."name" || ' on ' || s."backup_cdn"
  WHEN 'service-incomplete' THEN s."name"
  WHEN 'cdn-without-traffic' THEN z."account" || ' of ' || s."name" END;--> statement-breakpoint
UPDATE "zombies" z SET "service_id" = d."service_id", "key" = CASE z."rule" WHEN 'domain-unverified' THEN 'domain ' || d."id" END
FROM "service_domains" d WHERE z."state" <> 'remediated' AND d."customer_id" = z."customer_id" AND d."deleted_at" IS NULL
  AND d."name" = CASE z."rule" WHEN 'domain-unverified' THEN z."resource" WHEN 'third-record' THEN split_part(z."resource", ' ', 1) END;--> statement-breakpoint
UPDATE "zombies" z SET "key" = 'customer ' || z."customer_id" WHERE z."state" <> 'remediated' AND z."rule" = 'customer-without-service';--> statement-breakpoint
UPDATE "zombies" z SET "key" = 'token ' || t."id" FROM "customer_tokens" t
WHERE z."state" <> 'remediated' AND z."rule" IN ('token-never-used', 'token-unused') AND t."customer_id" = z."customer_id"
  AND t."revoked_at" IS NULL AND z."resource" = 'token ' || t."name";--> statement-breakpoint
UPDATE "zombies" z SET "key" = a."kind" || ' account ' || a."id" FROM (
  SELECT 'dns' AS "kind", "id", "customer_id", coalesce("access_key_id", "role_arn") AS "name" FROM "dns_accounts" WHERE "deleted_at" IS NULL
  UNION ALL SELECT 'cdn', "id", "customer_id", "cdn" FROM "cdn_accounts" WHERE "deleted_at" IS NULL
  UNION ALL SELECT 'cost', "id", "customer_id", "name" FROM "cost_accounts" WHERE "deleted_at" IS NULL
) a WHERE z."state" <> 'remediated' AND z."rule" = 'account-unused' AND a."customer_id" = z."customer_id"
  AND z."resource" = a."kind" || ' account ' || a."name";--> statement-breakpoint
-- What was found once by each of several accounts is one.
UPDATE "zombies" z SET "state" = 'remediated', "remediated_at" = now() WHERE z."state" <> 'remediated' AND EXISTS (
  SELECT FROM "zombies" o WHERE o."customer_id" = z."customer_id" AND o."rule" = z."rule" AND o."state" <> 'remediated' AND o."id" > z."id"
    AND coalesce(o."key", o."resource") = coalesce(z."key", z."resource"));--> statement-breakpoint
CREATE UNIQUE INDEX "zombies_live_key" ON "zombies" USING btree ("customer_id","rule",coalesce("key", "resource")) WHERE "zombies"."state" <> 'remediated';