-- A push by which a window was billed is kept beside the one that takes its place.
CREATE FUNCTION keep_billed_push() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO usage_pushes_past (service_id, window_start, side, bytes, covers, actor, pushed_at, replaced_at)
  SELECT OLD.service_id, OLD.window_start, OLD.side, OLD.bytes, OLD.covers, OLD.actor, OLD.pushed_at, NEW.pushed_at
  FROM usage_snapshots u
  WHERE u.service_id = OLD.service_id AND u.window_start = OLD.window_start AND u.invoice_id IS NOT NULL;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER usage_pushes_keep_billed AFTER UPDATE ON usage_pushes
  FOR EACH ROW EXECUTE FUNCTION keep_billed_push();
--> statement-breakpoint
CREATE TRIGGER usage_pushes_past_immutable BEFORE UPDATE ON usage_pushes_past
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
