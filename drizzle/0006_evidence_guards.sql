-- The chain is made where it is kept: whoever inserts evidence names the storm, the kind and the body, and nothing else.

CREATE FUNCTION evidence_record(body text, hash text, kind text, previous_hash text, seq bigint, service_id bigint, storm_id bigint)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  -- Canonical (RFC 8785): the keys are in order, the integers are exact, the rest is ASCII. Without its hash: what is hashed.
  SELECT '{"body":' || body
    || CASE WHEN hash IS NULL THEN '' ELSE ',"hash":"' || hash || '"' END
    || ',"kind":"' || kind
    || '","previous_hash":' || coalesce('"' || previous_hash || '"', 'null')
    || ',"seq":' || seq || ',"service_id":' || service_id || ',"storm_id":' || storm_id || ',"v":1}'
$$;
--> statement-breakpoint
CREATE FUNCTION chain_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last evidence_chains;
BEGIN
  -- One writer per chain at a time: the next one waits for this row until this transaction ends, and finds its hash there.
  INSERT INTO evidence_chains (service_id) VALUES (NEW.service_id) ON CONFLICT DO NOTHING;
  SELECT * INTO last FROM evidence_chains c WHERE c.service_id = NEW.service_id FOR UPDATE;
  NEW.seq := last.seq + 1;
  NEW.previous_hash := last.hash;
  NEW.hash := encode(sha256(convert_to(
    evidence_record(NEW.body, NULL, NEW.kind, NEW.previous_hash, NEW.seq, NEW.service_id, NEW.storm_id), 'UTF8')), 'hex');
  UPDATE evidence_chains SET seq = NEW.seq, hash = NEW.hash WHERE service_id = NEW.service_id;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER evidence_chained BEFORE INSERT ON evidence
  FOR EACH ROW EXECUTE FUNCTION chain_evidence();
--> statement-breakpoint
CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE ON evidence
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER evidence_no_truncate BEFORE TRUNCATE ON evidence
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- A storm that no round ended, but somebody who deleted its policy or its service: sealed here, whoever that was.
CREATE FUNCTION seal_deleted_storm() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
BEGIN
  INSERT INTO evidence (service_id, storm_id, kind, body) VALUES (NEW.service_id, NEW.id, 'end',
    '{"decided_at":"' || to_char(date_trunc('milliseconds', now()) AT TIME ZONE 'UTC', shape)
    || '","decision":{"change":"end","ended_at":"' || to_char(NEW.ended_at AT TIME ZONE 'UTC', shape)
    || '","reason":' || to_json(NEW.ended_reason)::text || '}}');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER storm_events_sealed AFTER UPDATE OF ended_at ON storm_events
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.ended_reason NOT IN ('recovered', 'no_evidence'))
  EXECUTE FUNCTION seal_deleted_storm();
--> statement-breakpoint
-- A switch that DNS took for a storm, with the id by which Route 53 knows it; without one where the live records showed it.
CREATE FUNCTION record_switch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
BEGIN
  INSERT INTO evidence (service_id, storm_id, kind, body) VALUES (NEW.service_id, NEW.storm_id, 'switch',
    '{"accepted_at":' || coalesce('"' || to_char(NEW.accepted_at AT TIME ZONE 'UTC', shape) || '"', 'null')
    || ',"actor":' || to_json(NEW.actor)::text
    || ',"change_id":' || coalesce(to_json(NEW.change_id)::text, 'null')
    || ',"domain":' || (SELECT to_json(d.name)::text FROM service_domains d WHERE d.id = NEW.domain_id)
    || ',"epoch":' || NEW.epoch
    || ',"from":{"backup":' || NEW.from_backup || ',"primary":' || NEW.from_primary
    || '},"intended_at":"' || to_char(NEW.intended_at AT TIME ZONE 'UTC', shape)
    || '","reason":' || to_json(NEW.reason)::text
    || ',"to":{"backup":' || NEW.to_backup || ',"primary":' || NEW.to_primary || '}}');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER routing_changes_proven AFTER UPDATE OF result ON routing_changes
  FOR EACH ROW WHEN (OLD.result = 'intent' AND NEW.result = 'accepted' AND NEW.storm_id IS NOT NULL)
  EXECUTE FUNCTION record_switch();
