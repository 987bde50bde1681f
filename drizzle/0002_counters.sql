CREATE TABLE "counters" (
	"name" text NOT NULL,
	"provider" text NOT NULL,
	"label" text NOT NULL,
	"value" bigint NOT NULL,
	CONSTRAINT "counters_name_provider_label_pk" PRIMARY KEY("name","provider","label")
);
