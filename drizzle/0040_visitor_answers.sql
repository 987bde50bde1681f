ALTER TABLE "domain_routing" ADD COLUMN "surroundings" jsonb;--> statement-breakpoint
ALTER TABLE "domain_routing" ADD COLUMN "expected" jsonb;