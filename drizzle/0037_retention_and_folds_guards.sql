-- What is append-only may be pruned once it is old, and how old is decided here: whoever deletes, a row that is younger stays.
-- Nothing goes without a trace, and a chain loses nothing but its beginning.
CREATE FUNCTION kept_at_least(name text) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN name IN ('audit_log', 'evidence', 'takeovers') THEN interval '365 days' END
$$;
--> statement-breakpoint
CREATE FUNCTION refuse_prune(name text, why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'DELETE on % is refused: %', name, why USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE FUNCTION check_audit_log_prune() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gone) THEN RETURN NULL; END IF;
  IF EXISTS (SELECT FROM gone WHERE at > clock_timestamp() - kept_at_least('audit_log')) THEN
    PERFORM refuse_prune('audit_log', 'its rows are kept for ' || kept_at_least('audit_log') || ' at least');
  END IF;
  INSERT INTO audit_log (actor, action, object_type, after)
  SELECT 'database', 'prune', 'audit_log', jsonb_build_object('rows', count(*), 'first_id', min(id), 'last_id', max(id), 'until', max(at))
  FROM gone;
  RETURN NULL;
END $$;
--> statement-breakpoint
DROP TRIGGER audit_log_append_only ON audit_log;
--> statement-breakpoint
CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_log_pruned AFTER DELETE ON audit_log
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION check_audit_log_prune();
--> statement-breakpoint
-- A chain is shortened from its beginning, by whole storms: those that are long over, and on no invoice. Where it was cut is
-- noted beside its end.
CREATE FUNCTION check_evidence_prune() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  horizon timestamptz := clock_timestamp() - kept_at_least('evidence');
BEGIN
  IF EXISTS (
    SELECT FROM gone g JOIN storm_events e ON e.id = g.storm_id
    WHERE g.created_at > horizon OR e.ended_at IS NULL OR e.ended_at > horizon
  ) THEN
    PERFORM refuse_prune('evidence', 'it is kept for ' || kept_at_least('evidence') || ' after its storm at least');
  END IF;
  IF EXISTS (SELECT FROM gone g JOIN invoice_line_storms l ON l.storm_id = g.storm_id) THEN
    PERFORM refuse_prune('evidence', 'a storm on an invoice keeps it');
  END IF;
  IF EXISTS (SELECT FROM evidence e WHERE e.storm_id IN (SELECT storm_id FROM gone)) THEN
    PERFORM refuse_prune('evidence', 'that of a storm goes as a whole');
  END IF;
  IF EXISTS (
    SELECT FROM (SELECT service_id, max(seq) AS seq FROM gone GROUP BY service_id) g
    JOIN evidence e ON e.service_id = g.service_id AND e.seq < g.seq
  ) THEN
    PERFORM refuse_prune('evidence', 'a chain is shortened from its beginning');
  END IF;
  UPDATE evidence_chains c SET pruned_seq = g.seq, pruned_hash = g.hash, pruned_at = clock_timestamp()
  FROM (SELECT DISTINCT ON (service_id) service_id, seq, hash FROM gone ORDER BY service_id, seq DESC) g
  WHERE c.service_id = g.service_id;
  RETURN NULL;
END $$;
--> statement-breakpoint
DROP TRIGGER evidence_append_only ON evidence;
--> statement-breakpoint
CREATE TRIGGER evidence_append_only BEFORE UPDATE ON evidence
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER evidence_pruned AFTER DELETE ON evidence
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION check_evidence_prune();
--> statement-breakpoint
-- The newest record stays: the next one names its hash. What went is still counted, for a sum that is scraped must not fall.
CREATE FUNCTION check_takeovers_prune() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM gone WHERE at > clock_timestamp() - kept_at_least('takeovers')) THEN
    PERFORM refuse_prune('takeovers', 'they are kept for ' || kept_at_least('takeovers') || ' at least');
  END IF;
  IF EXISTS (SELECT FROM gone) AND coalesce((SELECT min(seq) FROM takeovers) < (SELECT max(seq) FROM gone), true) THEN
    PERFORM refuse_prune('takeovers', 'the chain is shortened from its beginning, and never to nothing');
  END IF;
  INSERT INTO counters AS c (name, provider, label, value)
  SELECT 'takeovers_pruned', '', kind || ' ' || from_provider || ' ' || to_provider, count(*) FROM gone GROUP BY 3 ORDER BY 3
  ON CONFLICT (name, provider, label) DO UPDATE SET value = c.value + excluded.value;
  RETURN NULL;
END $$;
--> statement-breakpoint
DROP TRIGGER takeovers_append_only ON takeovers;
--> statement-breakpoint
CREATE TRIGGER takeovers_append_only BEFORE UPDATE ON takeovers
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER takeovers_pruned AFTER DELETE ON takeovers
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION check_takeovers_prune();
--> statement-breakpoint
-- How many storms there ever were: per service, where whoever begins one has a row of its own to add to.
CREATE FUNCTION count_storm() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO evidence_chains AS c (service_id, storms) VALUES (NEW.service_id, 1)
  ON CONFLICT (service_id) DO UPDATE SET storms = c.storms + 1;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER storm_events_counted AFTER INSERT ON storm_events
  FOR EACH ROW EXECUTE FUNCTION count_storm();
--> statement-breakpoint
INSERT INTO evidence_chains AS c (service_id, storms)
SELECT service_id, count(*) FROM storm_events GROUP BY service_id
ON CONFLICT (service_id) DO UPDATE SET storms = excluded.storms;
--> statement-breakpoint
-- What found drifts came to is added up from here on by whoever finds one.
INSERT INTO counters (name, provider, label, value)
SELECT 'drifts', '', coalesce(left_alone, 'healing'), count(*) FROM routing_drifts GROUP BY 3
ON CONFLICT DO NOTHING;
--> statement-breakpoint
-- Latencies as two lists in the place of an object: a quarter of the size. No probe takes longer than 30 s.
UPDATE probe_rollups_hour SET (places, counts) = (
  SELECT coalesce(array_agg(least(place::int, 32000) ORDER BY place::int), '{}')::smallint[],
    coalesce(array_agg(count::int ORDER BY place::int), '{}')::smallint[]
  FROM jsonb_each_text(latencies) l (place, count)
);
--> statement-breakpoint
UPDATE probe_rollups_minute SET (places, counts) = (
  SELECT coalesce(array_agg(least(place::int, 32000) ORDER BY place::int), '{}')::smallint[],
    coalesce(array_agg(count::int ORDER BY place::int), '{}')::smallint[]
  FROM jsonb_each_text(latencies) l (place, count)
);
