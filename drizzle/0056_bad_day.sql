CREATE TABLE "customer_freezes" (
	"customer_id" bigint PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"until" timestamp with time zone,
	"actor" text NOT NULL,
	"set_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expired_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "panic_reason" text;--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "panic_actor" text;--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "panic_set_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "settings" ADD COLUMN "bootstrap_session_epoch" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "admin_tokens" ADD COLUMN "session_epoch" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "customer_tokens" ADD COLUMN "session_epoch" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "customer_freezes" ADD CONSTRAINT "customer_freezes_customer_id_customers_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
-- One message of a freeze of all services, however many there are.
CREATE FUNCTION notify_of_customer_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kind text := CASE WHEN TG_OP = 'DELETE' THEN 'freeze.lifted'
    WHEN TG_OP = 'UPDATE' AND OLD.expired_at IS NULL AND NEW.expired_at IS NOT NULL THEN 'freeze.expired' ELSE 'freeze.set' END;
  f customer_freezes := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  PERFORM notify_of(f.customer_id, NULL, NULL, kind, 'freeze',
    jsonb_build_object('scope', 'customer', 'reason', f.reason, 'actor', f.actor, 'untilMs', epoch_ms(f.until)), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER customer_freezes_begun_told AFTER INSERT ON customer_freezes FOR EACH ROW EXECUTE FUNCTION notify_of_customer_freeze();
--> statement-breakpoint
CREATE TRIGGER customer_freezes_told AFTER UPDATE ON customer_freezes FOR EACH ROW
  WHEN (NEW.set_at IS DISTINCT FROM OLD.set_at OR (OLD.expired_at IS NULL AND NEW.expired_at IS NOT NULL)) EXECUTE FUNCTION notify_of_customer_freeze();
--> statement-breakpoint
-- One that has run out ended then: lifting it ends nothing.
CREATE TRIGGER customer_freezes_lifted_told AFTER DELETE ON customer_freezes FOR EACH ROW WHEN (OLD.expired_at IS NULL) EXECUTE FUNCTION notify_of_customer_freeze();
--> statement-breakpoint
CREATE FUNCTION notify_of_panic() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  s settings := CASE WHEN NEW.panic_set_at IS NULL THEN OLD ELSE NEW END;
BEGIN
  PERFORM notify_of(NULL, NULL, NULL, CASE WHEN NEW.panic_set_at IS NULL THEN 'panic.lifted' ELSE 'panic.set' END, 'panic',
    jsonb_build_object('reason', s.panic_reason, 'actor', s.panic_actor), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER settings_panic_told AFTER UPDATE ON settings FOR EACH ROW
  WHEN (NEW.panic_set_at IS DISTINCT FROM OLD.panic_set_at) EXECUTE FUNCTION notify_of_panic();
--> statement-breakpoint
-- As before (0050), and in a storm whoever is told of it is told that panic holds its switch. In calm the panic itself is told, once.
CREATE OR REPLACE FUNCTION notify_of_steering() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was text := CASE WHEN TG_OP = 'INSERT' THEN 'normal' ELSE OLD.state END;
  why text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.reason END;
  -- A hold without a storm is a service of which nothing is known yet, or that waits to go back.
  held constant text[] := ARRAY['backup_down', 'backup_unknown', 'latched', 'bad_backup'];
  kind text;
BEGIN
  IF NEW.reason = ANY(held) THEN kind := CASE WHEN why = NEW.reason THEN NULL ELSE 'switch.held' END;
  ELSIF NEW.reason = 'panic' THEN
    IF why <> 'panic' AND EXISTS (SELECT FROM storm_events e WHERE e.service_id = NEW.service_id AND e.ended_at IS NULL) THEN kind := 'switch.held'; END IF;
  ELSIF NEW.state = 'failback' AND was <> 'failback' THEN kind := 'failback.started';
  ELSIF NEW.state = 'normal' AND was IN ('shifted', 'partial', 'failback') THEN kind := 'failback.done';
  ELSIF why = ANY(held) OR (NEW.state = 'normal' AND was = 'held' AND why <> 'panic') THEN kind := 'switch.released';
  END IF;
  IF kind IS NOT NULL THEN
    PERFORM notify_of_service(NEW.service_id, NULL, kind, NULL, jsonb_build_object('reason', NEW.reason, 'state', NEW.state), NEW.updated_at);
  END IF;
  RETURN NULL;
END $$;
