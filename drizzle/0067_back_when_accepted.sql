ALTER TABLE "service_routing" ADD COLUMN "back_untold" boolean DEFAULT false NOT NULL;
--> statement-breakpoint
-- That a service is back is told once its switches back are accepted: its state says only what the round wants. Until then it is noted.
-- Off a backup that failed it is held, as is told (0050). Where it is held or frozen on its way, it is still to be told.
CREATE FUNCTION note_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.back_untold := CASE
    WHEN NEW.state IN ('shifted', 'partial', 'failback') OR NEW.reason IN ('backup_down', 'backup_unknown', 'latched', 'bad_backup') THEN false
    WHEN OLD.state NOT IN ('shifted', 'partial', 'failback') THEN OLD.back_untold
    ELSE NEW.state = 'normal' OR EXISTS (
      SELECT FROM service_domains d JOIN domain_routing o ON o.domain_id = d.id
      WHERE d.service_id = NEW.service_id AND d.deleted_at IS NULL AND o.moved_at IS NOT NULL) END;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_routing_back_noted BEFORE UPDATE OF state, reason ON service_routing FOR EACH ROW
  WHEN (NEW.back_untold OR OLD.state IN ('shifted', 'partial', 'failback')) EXECUTE FUNCTION note_back();
--> statement-breakpoint
-- As before (0056), except that it tells of no return.
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
  ELSIF NEW.state = 'normal' AND NEW.back_untold THEN kind := NULL;
  ELSIF why = ANY(held) OR (NEW.state = 'normal' AND was = 'held' AND why <> 'panic') THEN kind := 'switch.released';
  END IF;
  IF kind IS NOT NULL THEN
    PERFORM notify_of_service(NEW.service_id, NULL, kind, NULL, jsonb_build_object('reason', NEW.reason, 'state', NEW.state), NEW.updated_at);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- What is still to be switched back: an attempt is under way or comes, or a domain is where tranche has moved it, whatever became of the
-- attempts. Of a deleted service nothing is told. Each domain is looked up by itself: in a round of thousands, statistics know nothing of
-- what it stores, and a join would read all of that for each of them.
CREATE FUNCTION notify_of_return() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  own bigint := coalesce(NEW.service_id, OLD.service_id);
  happened timestamptz := clock_timestamp();
  r service_routing;
BEGIN
  -- Of two at once the second sees what the first has stored.
  SELECT * INTO r FROM service_routing s WHERE s.service_id = own AND s.back_untold AND s.state = 'normal' FOR NO KEY UPDATE;
  IF NOT FOUND OR NOT EXISTS (SELECT FROM services v WHERE v.id = own AND v.deleted_at IS NULL) OR EXISTS (
    SELECT FROM service_domains d CROSS JOIN LATERAL (
      (SELECT FROM domain_routing o WHERE o.domain_id = d.id AND o.moved_at IS NOT NULL LIMIT 1)
      UNION ALL (SELECT FROM routing_changes c WHERE c.domain_id = d.id AND c.result = 'intent' LIMIT 1)
      UNION ALL (SELECT FROM routing_changes c WHERE c.domain_id = d.id AND c.next_attempt_at IS NOT NULL AND c.result = 'failed' LIMIT 1)) o
    WHERE d.service_id = own AND d.deleted_at IS NULL) THEN RETURN NULL;
  END IF;
  UPDATE service_routing SET back_untold = false WHERE service_id = own;
  IF TG_TABLE_NAME = 'service_routing' THEN happened := r.updated_at;
  ELSIF TG_TABLE_NAME = 'routing_changes' AND TG_OP = 'UPDATE' THEN happened := coalesce(NEW.accepted_at, happened);
  END IF;
  PERFORM notify_of_service(own, NULL, 'failback.done', NULL, jsonb_build_object('reason', r.reason, 'state', r.state), happened);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- At the end of their transaction: a round stores the state first, then the switches that are to bring it about.
CREATE CONSTRAINT TRIGGER service_routing_back_told AFTER UPDATE OF state, reason ON service_routing DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.back_untold AND NEW.state = 'normal') EXECUTE FUNCTION notify_of_return();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER routing_changes_back_told AFTER UPDATE OF result, next_attempt_at ON routing_changes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((OLD.result = 'intent' OR OLD.next_attempt_at IS NOT NULL) AND NEW.result <> 'intent' AND NEW.next_attempt_at IS NULL) EXECUTE FUNCTION notify_of_return();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER routing_changes_gone_back_told AFTER DELETE ON routing_changes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.result = 'intent' OR OLD.next_attempt_at IS NOT NULL) EXECUTE FUNCTION notify_of_return();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER domain_routing_back_told AFTER UPDATE OF moved_at ON domain_routing DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.moved_at IS NOT NULL AND NEW.moved_at IS NULL) EXECUTE FUNCTION notify_of_return();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER service_domains_back_told AFTER UPDATE OF deleted_at ON service_domains DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION notify_of_return();
