ALTER TABLE "cdn_accounts" ADD COLUMN "audit_log_cursor" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "cdn_accounts" ADD COLUMN "audit_log_due_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "cdn_accounts" ADD COLUMN "audit_log_error" text;