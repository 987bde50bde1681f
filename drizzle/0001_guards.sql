-- Rules that must hold whoever writes: they live in the database, not in the code that happens to run.

INSERT INTO settings (id) VALUES (1);
--> statement-breakpoint
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are immutable', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER invoices_immutable BEFORE UPDATE OR DELETE ON invoices
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoices_no_truncate BEFORE TRUNCATE ON invoices
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_line_items_immutable BEFORE UPDATE OR DELETE ON invoice_line_items
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_line_items_no_truncate BEFORE TRUNCATE ON invoice_line_items
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER storm_policy_versions_no_truncate BEFORE TRUNCATE ON storm_policy_versions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER usage_snapshots_no_truncate BEFORE TRUNCATE ON usage_snapshots
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER storm_policy_versions_immutable BEFORE UPDATE OR DELETE ON storm_policy_versions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- An invoice is worth exactly its lines, and only the transaction that issues it may write them.
CREATE FUNCTION check_invoice_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  bad bigint;
BEGIN
  SELECT i.id INTO bad
  FROM invoices i
  JOIN (
    SELECT l.invoice_id, sum(l.amount_cents) AS amount, sum(l.discount_cents) AS discount
    FROM invoice_line_items l
    WHERE l.invoice_id IN (SELECT DISTINCT invoice_id FROM new_lines)
    GROUP BY l.invoice_id
  ) s ON s.invoice_id = i.id
  WHERE s.amount <> i.subtotal_cents OR s.discount <> i.discount_cents
  LIMIT 1;
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'the lines of invoice % do not add up to its totals', bad USING ERRCODE = 'check_violation';
  END IF;
  SELECT i.id INTO bad FROM invoices i
  WHERE i.id IN (SELECT DISTINCT invoice_id FROM new_lines) AND i.xmin <> pg_current_xact_id()::xid
  LIMIT 1;
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'invoice % was issued before: no line can be added', bad USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER invoice_line_items_add_up AFTER INSERT ON invoice_line_items
  REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION check_invoice_sums();
--> statement-breakpoint
CREATE FUNCTION refuse_billed_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'usage snapshot % is billed: it can not change', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER usage_snapshots_billed_immutable BEFORE UPDATE OR DELETE ON usage_snapshots
  FOR EACH ROW WHEN (OLD.invoice_id IS NOT NULL) EXECUTE FUNCTION refuse_billed_change();
--> statement-breakpoint
CREATE FUNCTION check_invoice_has_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM invoice_line_items WHERE invoice_id = NEW.id) THEN
    RAISE EXCEPTION 'invoice % has no lines', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER invoices_have_lines AFTER INSERT ON invoices
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_invoice_has_lines();
