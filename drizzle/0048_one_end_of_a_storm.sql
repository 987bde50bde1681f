-- An end that a round decides, for whatever reason, is proven by the round; only one that a deletion makes is recorded here.
CREATE OR REPLACE TRIGGER storm_events_sealed AFTER UPDATE OF ended_at ON storm_events
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.ended_reason IN ('policy_deleted', 'service_deleted'))
  EXECUTE FUNCTION seal_deleted_storm();
