-- No invoice without its document. Whoever issues one writes it; a version that knows of none, still running while this is
-- rolled out, gets one with the names of that very moment, and nothing more than it knew.
CREATE FUNCTION keep_invoice_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO invoice_documents (invoice_id, customer_id, document_number, kind, cycle, exponent, tax_cents, payable_cents, due_at,
    customer_name, body)
  SELECT NEW.id, NEW.customer_id, NEW.number::text, CASE WHEN NEW.total_cents < 0 THEN 'credit_note' ELSE 'invoice' END, 'run',
    CASE WHEN NEW.currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF') THEN 0
      WHEN NEW.currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 3 WHEN NEW.currency IN ('CLF','UYW') THEN 4 ELSE 2 END,
    0, NEW.total_cents, NULL, c.name,
    '{"issuer":null,"customer":{"legal_name":null,"address":null,"tax_id":null},"po_number":null,"taxes":[],"reverse_charge":false}'
  FROM customers c
  WHERE c.id = NEW.customer_id AND NOT EXISTS (SELECT FROM invoice_documents d WHERE d.invoice_id = NEW.id);
  INSERT INTO invoice_services (invoice_id, service_id, name, primary_cdn, backup_cdn, lines, primary_bytes, backup_bytes, amount_cents,
    discount_cents)
  SELECT NEW.id, l.service_id, s.name, s.primary_cdn, s.backup_cdn, count(*), sum(l.primary_bytes), sum(l.backup_bytes),
    sum(l.amount_cents), sum(l.discount_cents)
  FROM invoice_line_items l
  JOIN services s ON s.id = l.service_id
  WHERE l.invoice_id = NEW.id AND NOT EXISTS (SELECT FROM invoice_services n WHERE n.invoice_id = NEW.id)
  GROUP BY l.service_id, s.name, s.primary_cdn, s.backup_cdn;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER invoices_have_documents AFTER INSERT ON invoices
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_invoice_document();
