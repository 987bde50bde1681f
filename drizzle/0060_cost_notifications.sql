-- The outbox (decision 64) of what costs, and of what idles.

-- Of an anomaly that was found in shadow nobody is told, then or later: the mode is the anomaly's, as it was when it was found.
CREATE FUNCTION notify_of_anomaly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(NEW.customer_id, s.service_id, NULL, CASE WHEN NEW.resolved_at IS NULL THEN 'cost.anomaly' ELSE 'cost.resolved' END,
    'cost-anomaly:' || NEW.id, jsonb_build_object('anomalyId', NEW.id, 'series', s.kind, 'account', nullif(s.account_id, ''),
      'resourceType', s.resource_type, 'service', v.name, 'cdn', s.cdn, 'unit', s.unit, 'severity', NEW.severity, 'mode', NEW.mode,
      'score', NEW.score, 'explanation', left(NEW.explanation, 1000), 'value', NEW.value, 'usual', NEW.usual,
      'firstHourMs', epoch_ms(NEW.first_hour), 'lastHourMs', epoch_ms(NEW.last_hour), 'hours', NEW.hours,
      'was', CASE WHEN TG_OP = 'UPDATE' AND NEW.resolved_at IS NULL THEN OLD.severity END,
      'actor', CASE WHEN NEW.resolved_at IS NOT NULL AND NEW.changed_at = NEW.resolved_at THEN NEW.changed_by END,
      'note', CASE WHEN NEW.resolved_at IS NOT NULL THEN left(NEW.note, 500) END,
      'how', CASE WHEN NEW.resolved_at IS NOT NULL AND v.deleted_at IS NOT NULL THEN 'deleted' END), NEW.resolved_at)
  FROM cost_series s LEFT JOIN services v ON v.id = s.service_id WHERE s.id = NEW.series_id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_found_told AFTER INSERT ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND NEW.resolved_at IS NULL AND NEW.state NOT IN ('snoozed', 'expected')) EXECUTE FUNCTION notify_of_anomaly();
--> statement-breakpoint
-- What a person called expected, or wants to hear nothing of for a while, may get worse unheard. What goes on when that while is over is
-- told again.
CREATE TRIGGER cost_anomalies_worse_told AFTER UPDATE ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND NEW.resolved_at IS NULL AND NEW.state NOT IN ('snoozed', 'expected')
    AND (array_position(ARRAY['medium', 'high', 'critical'], NEW.severity) > array_position(ARRAY['medium', 'high', 'critical'], OLD.severity)
      OR (OLD.state = 'snoozed' AND NEW.state = 'open' AND OLD.snoozed_until <= now())))
  EXECUTE FUNCTION notify_of_anomaly();
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_resolved_told AFTER UPDATE OF resolved_at ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND OLD.resolved_at IS NULL AND NEW.resolved_at IS NOT NULL) EXECUTE FUNCTION notify_of_anomaly();
--> statement-breakpoint
-- A backup that would not pay is a matter of its own. Whatever else idles is one matter of its customer, however much of it one hunt
-- finds: it is open as long as any of it is.
CREATE FUNCTION notify_of_zombies(appeared bigint[], ended bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Two at once would each see what the other ends as still open.
  PERFORM 1 FROM customers c WHERE c.id IN (SELECT z.customer_id FROM zombies z WHERE z.id = ANY(ended)) ORDER BY c.id FOR NO KEY UPDATE;
  PERFORM notify_of(z.customer_id, z.service_id, NULL, CASE WHEN z.state = 'open' THEN 'zombie.found' ELSE 'zombie.gone' END, 'zombie:' || z.id,
    jsonb_build_object('zombieId', z.id, 'rule', z.rule, 'resource', z.resource, 'account', nullif(z.account, ''), 'service', v.name,
      'severity', z.severity, 'reason', left(z.reason, 500), 'remedy', left(z.remedy, 500), 'wasteCents', z.estimated_monthly_waste,
      'sinceMs', epoch_ms(z.last_activity), 'state', z.state, 'note', left(z.note, 500),
      'actor', CASE WHEN z.state = 'dismissed' THEN z.changed_by END), NULL)
  FROM zombies z LEFT JOIN services v ON v.id = z.service_id
  WHERE z.severity = 'critical' AND z.id = ANY(appeared || ended) ORDER BY z.id;
  PERFORM notify_of(n.customer_id, NULL, NULL, 'zombie.found', 'zombies', jsonb_build_object('severity', 'warning', 'found', n.found,
    'wasteCents', n.waste, 'unpriced', nullif(n.unpriced, 0), 'listed', n.listed), NULL)
  FROM (
    SELECT z.customer_id, count(*) AS found, sum(z.estimated_monthly_waste) AS waste, count(*) FILTER (WHERE z.estimated_monthly_waste IS NULL) AS unpriced,
      jsonb_agg(jsonb_build_object('zombieId', z.id, 'rule', z.rule, 'resource', left(z.resource, 200), 'account', nullif(z.account, ''),
        'wasteCents', z.estimated_monthly_waste, 'reason', left(z.reason, 300), 'remedy', left(z.remedy, 300))
        ORDER BY z.place) FILTER (WHERE z.place <= 6) AS listed
    FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY estimated_monthly_waste DESC NULLS LAST, id) AS place
      FROM zombies WHERE severity <> 'critical' AND id = ANY(appeared)) z
    GROUP BY z.customer_id) n
  ORDER BY n.customer_id;
  PERFORM notify_of(n.customer_id, NULL, NULL, 'zombie.gone', 'zombies', jsonb_build_object('severity', 'warning', 'gone', n.gone,
    'dismissed', nullif(n.dismissed, 0)), NULL)
  FROM (SELECT customer_id, count(*) AS gone, count(*) FILTER (WHERE state = 'dismissed') AS dismissed
    FROM zombies WHERE severity <> 'critical' AND id = ANY(ended) GROUP BY customer_id) n
  WHERE NOT EXISTS (SELECT FROM zombies o WHERE o.customer_id = n.customer_id AND o.state = 'open' AND o.severity <> 'critical')
  ORDER BY n.customer_id;
END $$;
--> statement-breakpoint
CREATE FUNCTION notify_of_found_zombies() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  appeared bigint[] := (SELECT array_agg(id) FROM added WHERE state = 'open');
BEGIN
  IF appeared IS NOT NULL THEN PERFORM notify_of_zombies(appeared, '{}'); END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER zombies_found_told AFTER INSERT ON zombies REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION notify_of_found_zombies();
--> statement-breakpoint
CREATE FUNCTION notify_of_moved_zombies() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  appeared bigint[] := (SELECT array_agg(n.id) FROM became n JOIN was o ON o.id = n.id WHERE o.state <> 'open' AND n.state = 'open');
  ended bigint[] := (SELECT array_agg(n.id) FROM became n JOIN was o ON o.id = n.id WHERE o.state = 'open' AND n.state <> 'open');
BEGIN
  IF appeared IS NOT NULL OR ended IS NOT NULL THEN PERFORM notify_of_zombies(coalesce(appeared, '{}'), coalesce(ended, '{}')); END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER zombies_moved_told AFTER UPDATE ON zombies REFERENCING OLD TABLE AS was NEW TABLE AS became FOR EACH STATEMENT
  EXECUTE FUNCTION notify_of_moved_zombies();
--> statement-breakpoint
-- Of a service that is deleted nothing is scored any more, and nobody would end what is told of it.
CREATE FUNCTION end_service_costs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cost_anomalies SET state = 'resolved', snoozed_until = NULL, resolved_at = NEW.deleted_at
  WHERE resolved_at IS NULL AND series_id IN (SELECT s.id FROM cost_series s WHERE s.service_id = NEW.id);
  UPDATE zombies SET state = 'remediated', remediated_at = NEW.deleted_at
  WHERE customer_id = NEW.customer_id AND service_id = NEW.id AND state <> 'remediated';
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER services_deleted_costs AFTER UPDATE OF deleted_at ON services FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION end_service_costs();
