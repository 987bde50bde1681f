CREATE TABLE "tick_runs" (
	"shard" integer NOT NULL,
	"provider" text NOT NULL,
	"run" text NOT NULL,
	"begun_at" timestamp with time zone NOT NULL,
	CONSTRAINT "tick_runs_shard_provider_pk" PRIMARY KEY("shard","provider")
);
