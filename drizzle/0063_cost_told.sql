ALTER TABLE "cost_anomalies" ADD COLUMN "told_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "cost_modes" ADD COLUMN "summarised_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "cost_anomalies_told_idx" ON "cost_anomalies" USING btree ("customer_id","told_at") WHERE "cost_anomalies"."told_at" is not null;--> statement-breakpoint
UPDATE cost_anomalies SET told_at = created_at WHERE mode <> 'shadow';
--> statement-breakpoint
-- A bad day may make every series odd at once. Twenty anomalies of a customer are told one by one within an hour; of whatever is odd beyond
-- those one message says that there is more, until that is over.
CREATE FUNCTION tell_anomaly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM cost_anomalies a WHERE a.customer_id = NEW.customer_id AND a.told_at > clock_timestamp() - interval '1 hour' AND a.id <> NEW.id) < 20 THEN
    NEW.told_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE FUNCTION notify_of_more_anomalies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cost_modes SET summarised_at = clock_timestamp() WHERE customer_id = NEW.customer_id AND summarised_at IS NULL;
  IF FOUND THEN
    PERFORM notify_of(NEW.customer_id, NULL, NULL, 'cost.anomaly', 'cost-anomalies', jsonb_build_object('severity', NEW.severity, 'mode', NEW.mode, 'mostTold', 20), NULL);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION notify_of_no_more_anomalies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cost_modes m SET summarised_at = NULL WHERE m.customer_id = NEW.customer_id AND m.summarised_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM cost_anomalies a WHERE a.customer_id = NEW.customer_id AND a.resolved_at IS NULL AND a.told_at IS NULL AND a.mode <> 'shadow'
      AND a.state NOT IN ('snoozed', 'expected'));
  IF FOUND THEN
    PERFORM notify_of(NEW.customer_id, NULL, NULL, 'cost.resolved', 'cost-anomalies', jsonb_build_object('severity', NEW.severity, 'mode', NEW.mode, 'mostTold', 20), NULL);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
DROP TRIGGER cost_anomalies_found_told ON cost_anomalies;
--> statement-breakpoint
DROP TRIGGER cost_anomalies_worse_told ON cost_anomalies;
--> statement-breakpoint
DROP TRIGGER cost_anomalies_resolved_told ON cost_anomalies;
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_found BEFORE INSERT ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND NEW.resolved_at IS NULL AND NEW.state NOT IN ('snoozed', 'expected')) EXECUTE FUNCTION tell_anomaly();
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_found_told AFTER INSERT ON cost_anomalies FOR EACH ROW WHEN (NEW.told_at IS NOT NULL) EXECUTE FUNCTION notify_of_anomaly();
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_found_more AFTER INSERT ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND NEW.resolved_at IS NULL AND NEW.state NOT IN ('snoozed', 'expected') AND NEW.told_at IS NULL)
  EXECUTE FUNCTION notify_of_more_anomalies();
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_worse BEFORE UPDATE ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND NEW.resolved_at IS NULL AND NEW.state NOT IN ('snoozed', 'expected')
    AND (array_position(ARRAY['medium', 'high', 'critical'], NEW.severity) > array_position(ARRAY['medium', 'high', 'critical'], OLD.severity)
      OR (OLD.state = 'snoozed' AND NEW.state = 'open' AND OLD.snoozed_until <= now())))
  EXECUTE FUNCTION tell_anomaly();
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_worse_told AFTER UPDATE ON cost_anomalies FOR EACH ROW
  WHEN (NEW.resolved_at IS NULL AND coalesce(NEW.told_at > OLD.told_at, NEW.told_at IS NOT NULL)) EXECUTE FUNCTION notify_of_anomaly();
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_worse_more AFTER UPDATE ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND NEW.resolved_at IS NULL AND NEW.state NOT IN ('snoozed', 'expected') AND NEW.told_at IS NOT DISTINCT FROM OLD.told_at
    AND array_position(ARRAY['medium', 'high', 'critical'], NEW.severity) > array_position(ARRAY['medium', 'high', 'critical'], OLD.severity))
  EXECUTE FUNCTION notify_of_more_anomalies();
--> statement-breakpoint
CREATE TRIGGER cost_anomalies_resolved_told AFTER UPDATE OF resolved_at ON cost_anomalies FOR EACH ROW
  WHEN (NEW.told_at IS NOT NULL AND OLD.resolved_at IS NULL AND NEW.resolved_at IS NOT NULL) EXECUTE FUNCTION notify_of_anomaly();
--> statement-breakpoint
-- Whatever was the last of them: resolved, snoozed or expected.
CREATE TRIGGER cost_anomalies_no_more AFTER UPDATE ON cost_anomalies FOR EACH ROW
  WHEN (NEW.mode <> 'shadow' AND OLD.state IS DISTINCT FROM NEW.state AND NEW.state IN ('resolved', 'snoozed', 'expected'))
  EXECUTE FUNCTION notify_of_no_more_anomalies();
