-- Recorded states end once and are otherwise never changed (decision 66); pruning deletes them.
CREATE FUNCTION keep_service_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
    AND to_jsonb(NEW) - 'ended_at' = to_jsonb(OLD) - 'ended_at' THEN RETURN NEW; END IF;
  RAISE EXCEPTION '% on % is refused: a state only ends, once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER service_states_append_only BEFORE UPDATE ON service_states FOR EACH ROW EXECUTE FUNCTION keep_service_state();
--> statement-breakpoint
CREATE TRIGGER slo_objective_versions_immutable BEFORE UPDATE OR DELETE ON slo_objective_versions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER slo_daily_snapshots_immutable BEFORE UPDATE OR DELETE ON slo_daily_snapshots
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER slo_achievements_immutable BEFORE UPDATE OR DELETE ON slo_achievements
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER slo_digests_immutable BEFORE UPDATE OR DELETE ON slo_digests
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Of a service that is deleted nothing is measured any more, and nothing promised.
CREATE FUNCTION end_service_objectives() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE service_states SET ended_at = greatest(started_at, NEW.deleted_at) WHERE service_id = NEW.id AND ended_at IS NULL;
  UPDATE slo_objectives SET deleted_at = NEW.deleted_at, updated_at = NEW.deleted_at WHERE service_id = NEW.id AND deleted_at IS NULL;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER services_deleted_objectives AFTER UPDATE OF deleted_at ON services FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION end_service_objectives();
--> statement-breakpoint
CREATE FUNCTION end_objective_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE slo_alerts SET resolved_at = greatest(fired_at, NEW.deleted_at), resolved = '{"reason": "objective_deleted"}'
  WHERE objective_id = NEW.id AND resolved_at IS NULL;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER slo_objectives_deleted_alerts AFTER UPDATE OF deleted_at ON slo_objectives FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION end_objective_alerts();
--> statement-breakpoint
-- The outbox (decision 64).
CREATE FUNCTION notify_of_objective(objective bigint, kind text, subject text, facts jsonb, happened timestamptz) RETURNS void
LANGUAGE sql AS $$
  SELECT notify_of_service(o.service_id, NULL, kind, coalesce(subject, 'objective:' || o.id), jsonb_build_object(
    'objectiveId', o.id, 'objective', o.name, 'target', v.target, 'windowDays', v.window_days, 'calendar', v.calendar) || facts, happened)
  FROM slo_objectives o JOIN slo_objective_versions v ON v.objective_id = o.id AND v.version = o.version WHERE o.id = objective
$$;
--> statement-breakpoint
CREATE FUNCTION notify_of_slo_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of_objective(NEW.objective_id,
    CASE WHEN NEW.resolved_at IS NOT NULL THEN 'slo.resolved' WHEN NEW.kind = 'exhausted' THEN 'slo.exhausted' ELSE 'slo.burn' END,
    'objective:' || NEW.objective_id || ':' || NEW.kind,
    jsonb_build_object('alertId', NEW.id, 'alert', NEW.kind, 'firedAtMs', epoch_ms(NEW.fired_at)) || coalesce(NEW.resolved, NEW.fired),
    coalesce(NEW.resolved_at, NEW.fired_at));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER slo_alerts_fired_told AFTER INSERT ON slo_alerts FOR EACH ROW EXECUTE FUNCTION notify_of_slo_alert();
--> statement-breakpoint
CREATE TRIGGER slo_alerts_resolved_told AFTER UPDATE OF resolved_at ON slo_alerts FOR EACH ROW
  WHEN (OLD.resolved_at IS NULL AND NEW.resolved_at IS NOT NULL) EXECUTE FUNCTION notify_of_slo_alert();
--> statement-breakpoint
CREATE FUNCTION notify_of_broken_streak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of_objective(NEW.objective_id, 'slo.streak_broken', NULL,
    jsonb_build_object('day', NEW.day, 'days', NEW.broken_streak, 'dayDownUs', NEW.day_down_us), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Two good days are no streak to mourn.
CREATE TRIGGER slo_daily_snapshots_told AFTER INSERT ON slo_daily_snapshots FOR EACH ROW
  WHEN (NEW.broken_streak >= 3) EXECUTE FUNCTION notify_of_broken_streak();
--> statement-breakpoint
CREATE FUNCTION notify_of_achievement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of_service(NEW.service_id, NULL, 'slo.achievement', 'service:' || NEW.service_id || ':achievements',
    jsonb_build_object('achievement', NEW.name, 'day', NEW.day, 'objectiveId', NEW.objective_id,
      'objective', (SELECT o.name FROM slo_objectives o WHERE o.id = NEW.objective_id)), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER slo_achievements_told AFTER INSERT ON slo_achievements FOR EACH ROW EXECUTE FUNCTION notify_of_achievement();
--> statement-breakpoint
CREATE FUNCTION notify_of_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(NEW.customer_id, NULL, NULL, 'digest.weekly', 'digest:' || NEW.week, jsonb_build_object('week', NEW.week) || NEW.body, NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER slo_digests_told AFTER INSERT ON slo_digests FOR EACH ROW EXECUTE FUNCTION notify_of_digest();
--> statement-breakpoint
-- A shard that is not in use is not judged, which is no gap: its services are judged by others. Of one that comes (back) into use
-- nothing is known until its first round, but when others were judged.
CREATE OR REPLACE FUNCTION revoke_shard_leases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE leases SET expires_at = clock_timestamp(), released_at = clock_timestamp()
  WHERE name LIKE 'shard:%' AND expires_at > clock_timestamp();
  UPDATE leases SET judged_at = NULL
  WHERE name ~ '^shard:[0-9]+$' AND judged_at IS NOT NULL AND substr(name, 7)::int >= least(OLD.shards, NEW.shards);
  RETURN NULL;
END $$;
