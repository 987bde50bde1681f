ALTER TABLE "dns_accounts" ALTER COLUMN "access_key_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "dns_accounts" ALTER COLUMN "sealed_secret" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "dns_accounts" ADD COLUMN "role_arn" text;--> statement-breakpoint
ALTER TABLE "dns_accounts" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "dns_accounts" ADD CONSTRAINT "dns_accounts_one_form" CHECK (("dns_accounts"."access_key_id" is null) <> ("dns_accounts"."role_arn" is null)
      and ("dns_accounts"."access_key_id" is null) = ("dns_accounts"."sealed_secret" is null) and ("dns_accounts"."role_arn" is null) = ("dns_accounts"."external_id" is null));