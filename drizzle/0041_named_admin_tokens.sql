CREATE TABLE "admin_tokens" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "admin_tokens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"scopes" text[] NOT NULL,
	"token_hash" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "admin_tokens_name_form" CHECK ("admin_tokens"."name" ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
	CONSTRAINT "admin_tokens_scopes" CHECK (cardinality("admin_tokens"."scopes") > 0 and "admin_tokens"."scopes" <@ array['read', 'write', 'billing', 'freeze', 'tokens']),
	CONSTRAINT "admin_tokens_hash_form" CHECK ("admin_tokens"."token_hash" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
ALTER TABLE "customer_tokens" DROP CONSTRAINT "customer_tokens_role";--> statement-breakpoint
ALTER TABLE "customer_tokens" ADD COLUMN "expires_at" timestamp with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "admin_tokens_hash_key" ON "admin_tokens" USING btree ("token_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "admin_tokens_live_name_key" ON "admin_tokens" USING btree ("name") WHERE "admin_tokens"."revoked_at" is null;--> statement-breakpoint
ALTER TABLE "customer_tokens" ADD CONSTRAINT "customer_tokens_role" CHECK ("customer_tokens"."role" in ('viewer', 'editor', 'owner'));