-- The record of a takeover is written in line with others of its kind, by a lock that nothing else knows: a table lock would
-- wait for maintenance and need rights that an append-only table should not give. What goes wrong with the record never
-- keeps a lease from who takes it: a shard without a controller is worse than a hole in the record.

CREATE OR REPLACE FUNCTION record_takeover() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
  last takeovers;
  row takeovers;
BEGIN
  -- Until this transaction ends; the next one then finds its hash. "takeover" on a telephone keypad, cut to size.
  PERFORM pg_advisory_xact_lock(82536837);
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
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'the takeover of % by % is not on record: %', NEW.name, NEW.provider, SQLERRM;
  RETURN NULL;
END $$;
