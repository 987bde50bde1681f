-- A shard's lease that passes to the other provider leaves a record, whoever moved it: taken when it was free, or handed back.

CREATE FUNCTION record_takeover() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
  last takeovers;
  row takeovers;
BEGIN
  -- One writer of the chain at a time: the next one waits here until this transaction ends, and finds its hash.
  LOCK TABLE takeovers IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO last FROM takeovers ORDER BY seq DESC LIMIT 1;
  row.seq := coalesce(last.seq, 0) + 1;
  row.kind := CASE WHEN NEW.epoch = OLD.epoch THEN 'hand_back' ELSE 'takeover' END;
  row.lease := NEW.name;
  row.from_provider := OLD.provider;
  row.to_provider := NEW.provider;
  row.epoch := NEW.epoch;
  row.lapsed := row.kind = 'takeover' AND OLD.released_at IS NULL;
  row.unheld_ms := CASE row.kind WHEN 'takeover' THEN greatest(0, floor(extract(epoch FROM NEW.acquired_at - OLD.expires_at) * 1000)) ELSE 0 END;
  row.at := date_trunc('milliseconds', clock_timestamp());
  row.previous_hash := last.hash;
  -- Canonical (RFC 8785): the keys are in order, the integers are exact, the rest is ASCII.
  row.hash := encode(sha256(convert_to(
    '{"at":"' || to_char(row.at AT TIME ZONE 'UTC', shape) || '","epoch":' || row.epoch
    || ',"from":' || to_json(row.from_provider)::text || ',"kind":"' || row.kind || '","lapsed":' || row.lapsed
    || ',"lease":' || to_json(row.lease)::text || ',"previous_hash":' || coalesce('"' || row.previous_hash || '"', 'null')
    || ',"seq":' || row.seq || ',"to":' || to_json(row.to_provider)::text || ',"unheld_ms":' || row.unheld_ms || ',"v":1}', 'UTF8')), 'hex');
  INSERT INTO takeovers SELECT row.*;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER leases_taken_over AFTER UPDATE OF provider ON leases
  FOR EACH ROW WHEN (OLD.provider <> NEW.provider AND NEW.name LIKE 'shard:%') EXECUTE FUNCTION record_takeover();
--> statement-breakpoint
CREATE TRIGGER takeovers_append_only BEFORE UPDATE OR DELETE ON takeovers
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER takeovers_no_truncate BEFORE TRUNCATE ON takeovers
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
