ALTER TABLE "breakers" DROP CONSTRAINT "breakers_open";--> statement-breakpoint
ALTER TABLE "breakers" ADD COLUMN "kind" text NOT NULL;--> statement-breakpoint
ALTER TABLE "breakers" ADD COLUMN "account_id" bigint;--> statement-breakpoint
ALTER TABLE "breakers" ADD COLUMN "in_a_row" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "breakers" ADD COLUMN "pauses" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "breakers" ADD COLUMN "claimed_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "breakers" ADD COLUMN "version" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX "breakers_customer_idx" ON "breakers" USING btree ("customer_id");--> statement-breakpoint
ALTER TABLE "breakers" DROP COLUMN "probing";--> statement-breakpoint
ALTER TABLE "breakers" ADD CONSTRAINT "breakers_owner" CHECK (("breakers"."customer_id" is null) = ("breakers"."account_id" is null));--> statement-breakpoint
ALTER TABLE "breakers" ADD CONSTRAINT "breakers_open" CHECK (("breakers"."opened_at" is null) = ("breakers"."probe_at" is null) and ("breakers"."opened_at" is null) = ("breakers"."pauses" = 0));--> statement-breakpoint
-- A breaker goes with its account. Whoever stores one has locked the account's row, and finds it live.
CREATE FUNCTION forget_breakers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM breakers WHERE account_id = NEW.id AND kind = ANY(TG_ARGV::text[]);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER cdn_accounts_deleted_breakers AFTER UPDATE OF deleted_at ON cdn_accounts FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION forget_breakers('cdn');
--> statement-breakpoint
CREATE TRIGGER cost_accounts_deleted_breakers AFTER UPDATE OF deleted_at ON cost_accounts FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION forget_breakers('s3', 'ec2');
