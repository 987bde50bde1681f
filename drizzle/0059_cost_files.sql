CREATE TABLE "cost_files" (
	"account_id" bigint NOT NULL,
	"key" text NOT NULL,
	"state" text NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "cost_files_account_id_key_pk" PRIMARY KEY("account_id","key")
);
--> statement-breakpoint
ALTER TABLE "cost_accounts" ADD COLUMN "tried_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "cost_files" ADD CONSTRAINT "cost_files_account_id_cost_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."cost_accounts"("id") ON DELETE no action ON UPDATE no action;