-- Until when a resolver may go on giving the answer from before a change that was on all servers at that moment: the longest
-- TTL of the name's records, 60 s where there is none (an alias; src/domain/propagation.ts).
CREATE FUNCTION cached_until(changed_domain bigint, insync_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT insync_at + make_interval(secs => coalesce((
    SELECT max(coalesce((r.one ->> 'ttl')::int, 60))
    FROM domain_routing g CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(g.records) WHEN 'array' THEN g.records ELSE '[]' END) r(one)
    WHERE g.domain_id = changed_domain), 60))
$$;
--> statement-breakpoint
CREATE FUNCTION schedule_observation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.observe_at := cached_until(NEW.domain_id, NEW.insync_at);
  RETURN NEW;
END $$;
--> statement-breakpoint
-- Whoever writes that a change is on all servers: also a deployment that does not know the column yet.
CREATE TRIGGER routing_changes_scheduled BEFORE INSERT OR UPDATE OF result ON routing_changes
  FOR EACH ROW WHEN (NEW.result = 'insync' AND NEW.observe_at IS NULL)
  EXECUTE FUNCTION schedule_observation();
--> statement-breakpoint
UPDATE routing_changes SET observe_at = cached_until(domain_id, insync_at) WHERE result = 'insync' AND observed IS NULL;
