-- What public resolvers answered after a switch for a storm, or that nobody could ask them in time: the last word about it.

CREATE FUNCTION canonical_texts(list jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  -- A list of texts as RFC 8785 writes it (jsonb's own text has blanks); null where there is no list.
  SELECT CASE jsonb_typeof(list) WHEN 'array' THEN '[' || coalesce((
    SELECT string_agg(to_json(t.one)::text, ',' ORDER BY t.place) FROM jsonb_array_elements_text(list) WITH ORDINALITY t(one, place)
  ), '') || ']' ELSE 'null' END
$$;
--> statement-breakpoint
CREATE FUNCTION record_observation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
  seen constant jsonb := NEW.observed;
BEGIN
  INSERT INTO evidence (service_id, storm_id, kind, body) VALUES (NEW.service_id, NEW.storm_id, 'observed',
    '{"change":' || NEW.id
    || ',"change_id":' || coalesce(to_json(NEW.change_id)::text, 'null')
    || ',"domain":' || (SELECT to_json(d.name)::text FROM service_domains d WHERE d.id = NEW.domain_id)
    || ',"expected":' || canonical_texts(seen -> 'expected')
    || ',"insync_at":' || coalesce('"' || to_char(NEW.insync_at AT TIME ZONE 'UTC', shape) || '"', 'null')
    || ',"observed_at":"' || to_char(to_timestamp((seen ->> 'atMs')::float8 / 1000) AT TIME ZONE 'UTC', shape)
    || '","record_type":' || to_json(seen ->> 'type')::text
    || ',"resolvers":[' || coalesce((
      SELECT string_agg('{"answers":' || canonical_texts(r.one -> 'answers') || ',"resolver":' || to_json(r.one ->> 'resolver')::text || '}',
        ',' ORDER BY r.place)
      FROM jsonb_array_elements(seen -> 'resolvers') WITH ORDINALITY r(one, place)), '')
    || '],"verdict":' || to_json(seen ->> 'verdict')::text || '}');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER routing_changes_observed AFTER UPDATE OF observed ON routing_changes
  FOR EACH ROW WHEN (OLD.observed IS NULL AND NEW.observed IS NOT NULL AND NEW.storm_id IS NOT NULL)
  EXECUTE FUNCTION record_observation();
--> statement-breakpoint
-- One observation, one record: what was seen is not seen anew.
CREATE TRIGGER routing_changes_observed_once BEFORE UPDATE OF observed ON routing_changes
  FOR EACH ROW WHEN (OLD.observed IS NOT NULL AND NEW.observed IS DISTINCT FROM OLD.observed)
  EXECUTE FUNCTION refuse_change();
