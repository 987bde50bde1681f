-- The outbox: a change that people are told of writes its row in its own statement (decision 64), so there is never one without
-- the other. What a message says is decided by domain/notify/; here are names and figures as they are at that moment.

CREATE FUNCTION notify_of(customer bigint, service bigint, storm bigint, kind text, subject text, facts jsonb, happened timestamptz) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO notifications (customer_id, service_id, storm_id, kind, subject, facts, occurred_at)
  VALUES (customer, service, storm, kind, subject, jsonb_strip_nulls(facts), coalesce(happened, clock_timestamp()))
$$;
--> statement-breakpoint
CREATE FUNCTION epoch_ms(t timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT trunc(extract(epoch FROM t) * 1000)::bigint $$;
--> statement-breakpoint
CREATE FUNCTION notify_of_service(service bigint, storm bigint, kind text, subject text, facts jsonb, happened timestamptz) RETURNS void
LANGUAGE sql AS $$
  SELECT notify_of(s.customer_id, s.id, storm, kind, coalesce(subject, 'service:' || s.id), jsonb_build_object(
    'service', s.name, 'primaryCdn', s.primary_cdn, 'backupCdn', s.backup_cdn, 'shadow', nullif(s.steering = 'shadow', false)) || facts, happened)
  FROM services s WHERE s.id = service
$$;
--> statement-breakpoint
CREATE FUNCTION notify_of_storm() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kind text;
  happened timestamptz;
BEGIN
  IF TG_OP = 'INSERT' THEN
    kind := 'storm.started'; happened := NEW.detected_at;
  ELSIF NEW.state = 'recovering' THEN
    kind := 'storm.recovering'; happened := NEW.recovering_since;
  ELSIF NEW.state = 'storm' THEN
    kind := 'storm.relapsed'; happened := NULL;
  ELSE
    kind := 'storm.ended'; happened := NEW.ended_at;
  END IF;
  PERFORM notify_of_service(NEW.service_id, NEW.id, kind, NULL, jsonb_build_object(
    'policy', NEW.kind, 'monitorOnly', nullif(NEW.monitor_only, false), 'startedAtMs', epoch_ms(NEW.started_at), 'relapses', nullif(NEW.relapses, 0),
    'endedReason', NEW.ended_reason), happened);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER storm_events_begun_told AFTER INSERT ON storm_events FOR EACH ROW WHEN (NEW.state = 'storm') EXECUTE FUNCTION notify_of_storm();
--> statement-breakpoint
CREATE TRIGGER storm_events_moved_told AFTER UPDATE OF state ON storm_events FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION notify_of_storm();
--> statement-breakpoint
CREATE FUNCTION notify_of_steering() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was text := CASE WHEN TG_OP = 'INSERT' THEN 'normal' ELSE OLD.state END;
  why text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.reason END;
  -- A hold without a storm is a service of which nothing is known yet, or that waits to go back.
  held constant text[] := ARRAY['backup_down', 'backup_unknown', 'latched', 'bad_backup'];
  kind text;
BEGIN
  IF NEW.reason = ANY(held) THEN kind := CASE WHEN why = NEW.reason THEN NULL ELSE 'switch.held' END;
  ELSIF NEW.state = 'failback' AND was <> 'failback' THEN kind := 'failback.started';
  ELSIF NEW.state = 'normal' AND was IN ('shifted', 'partial', 'failback') THEN kind := 'failback.done';
  ELSIF why = ANY(held) OR (NEW.state = 'normal' AND was = 'held') THEN kind := 'switch.released';
  END IF;
  IF kind IS NOT NULL THEN
    PERFORM notify_of_service(NEW.service_id, NULL, kind, NULL, jsonb_build_object('reason', NEW.reason, 'state', NEW.state), NEW.updated_at);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_routing_begun_told AFTER INSERT ON service_routing FOR EACH ROW WHEN (NEW.state <> 'normal' OR NEW.reason = 'bad_backup') EXECUTE FUNCTION notify_of_steering();
--> statement-breakpoint
CREATE TRIGGER service_routing_moved_told AFTER UPDATE OF state, reason ON service_routing FOR EACH ROW
  WHEN (OLD.state <> NEW.state OR OLD.reason <> NEW.reason) EXECUTE FUNCTION notify_of_steering();
--> statement-breakpoint
CREATE FUNCTION notify_of_backup() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of_service(NEW.service_id, NULL, 'backup.' || NEW.backup_health, 'service:' || NEW.service_id || ':backup', '{}', NEW.updated_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_routing_backup_down_told AFTER INSERT ON service_routing FOR EACH ROW WHEN (NEW.backup_health = 'down') EXECUTE FUNCTION notify_of_backup();
--> statement-breakpoint
CREATE TRIGGER service_routing_backup_told AFTER UPDATE OF backup_health ON service_routing FOR EACH ROW
  WHEN (NEW.backup_health IS DISTINCT FROM OLD.backup_health AND (NEW.backup_health = 'down' OR (NEW.backup_health = 'up' AND OLD.backup_health IS NOT NULL)))
  EXECUTE FUNCTION notify_of_backup();
--> statement-breakpoint
CREATE FUNCTION notify_of_override() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kind text := CASE WHEN NEW.override_mode IS NULL THEN 'override.cleared' WHEN NEW.override_expired_at IS NOT NULL THEN 'override.expired' ELSE 'override.set' END;
  o service_routing := CASE WHEN NEW.override_mode IS NULL THEN OLD ELSE NEW END;
BEGIN
  PERFORM notify_of_service(NEW.service_id, NULL, kind, 'service:' || NEW.service_id || ':override', jsonb_build_object(
    'mode', o.override_mode, 'reason', o.override_reason, 'actor', o.override_actor, 'untilMs', epoch_ms(o.override_until)), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_routing_override_begun_told AFTER INSERT ON service_routing FOR EACH ROW WHEN (NEW.override_mode IS NOT NULL) EXECUTE FUNCTION notify_of_override();
--> statement-breakpoint
CREATE TRIGGER service_routing_override_told AFTER UPDATE ON service_routing FOR EACH ROW
  WHEN (NEW.override_set_at IS DISTINCT FROM OLD.override_set_at OR (OLD.override_expired_at IS NULL AND NEW.override_expired_at IS NOT NULL))
  EXECUTE FUNCTION notify_of_override();
--> statement-breakpoint
-- An override that is set anew has not run out.
CREATE FUNCTION renew_override() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.override_expired_at := NULL;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_routing_override_renewed BEFORE UPDATE OF override_set_at ON service_routing FOR EACH ROW
  WHEN (NEW.override_set_at IS DISTINCT FROM OLD.override_set_at) EXECUTE FUNCTION renew_override();
--> statement-breakpoint
CREATE FUNCTION notify_of_switch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kind text := CASE WHEN NEW.result = 'shadow' THEN 'switch.shadowed' WHEN NEW.result = 'failed' THEN 'switch.failed'
    WHEN NEW.reason = 'drift' THEN 'drift.healed' ELSE 'switch.done' END;
BEGIN
  PERFORM notify_of_service(NEW.service_id, NEW.storm_id, kind, CASE kind WHEN 'drift.healed' THEN 'drifts' END,
    jsonb_build_object('changeId', NEW.id, 'domain', (SELECT d.name FROM service_domains d WHERE d.id = NEW.domain_id), 'reason', NEW.reason,
      'actor', NEW.actor, 'from', jsonb_build_array(NEW.from_primary, NEW.from_backup), 'to', jsonb_build_array(NEW.to_primary, NEW.to_backup),
      'error', left(NEW.error, 300)), coalesce(CASE WHEN NEW.result = 'accepted' THEN NEW.accepted_at END, NEW.attempted_at, NEW.intended_at));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER routing_changes_shadowed_told AFTER INSERT ON routing_changes FOR EACH ROW WHEN (NEW.result = 'shadow') EXECUTE FUNCTION notify_of_switch();
--> statement-breakpoint
-- Of a switch that is tried again and again the first failure is told.
CREATE TRIGGER routing_changes_told AFTER UPDATE OF result ON routing_changes FOR EACH ROW
  WHEN (OLD.result = 'intent' AND (NEW.result = 'accepted' OR (NEW.result = 'failed' AND NEW.attempts = 1))) EXECUTE FUNCTION notify_of_switch();
--> statement-breakpoint
CREATE FUNCTION notify_of_contest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of_service(NEW.service_id, NULL, CASE WHEN NEW.contested_at IS NULL THEN 'drift.resumed' ELSE 'drift.contested' END,
    'domain:' || NEW.domain_id || ':drift',
    jsonb_build_object('domain', (SELECT d.name FROM service_domains d WHERE d.id = NEW.domain_id)), NEW.updated_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER domain_routing_contest_told AFTER UPDATE OF contested_at ON domain_routing FOR EACH ROW
  WHEN ((OLD.contested_at IS NULL) <> (NEW.contested_at IS NULL)) EXECUTE FUNCTION notify_of_contest();
--> statement-breakpoint
CREATE FUNCTION notify_of_takeover() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(NULL, NULL, NULL, 'takeover', 'takeover', jsonb_build_object('seq', NEW.seq, 'how', NEW.kind, 'lease', NEW.lease,
    'from', NEW.from_provider, 'to', NEW.to_provider, 'lapsed', NEW.lapsed, 'unheldMs', NEW.unheld_ms), NEW.at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER takeovers_told AFTER INSERT ON takeovers FOR EACH ROW EXECUTE FUNCTION notify_of_takeover();
--> statement-breakpoint
CREATE FUNCTION notify_of_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(NEW.customer_id, NULL, NULL, 'invoice.issued', 'invoice:' || NEW.id, jsonb_build_object('invoiceId', NEW.id, 'number', NEW.number,
    'totalCents', NEW.total_cents, 'discountCents', NEW.discount_cents, 'currency', NEW.currency,
    'periodStartMs', epoch_ms(NEW.period_start), 'periodEndMs', epoch_ms(NEW.period_end)), NEW.issued_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER invoices_told AFTER INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION notify_of_invoice();
--> statement-breakpoint
CREATE FUNCTION notify_of_adjustments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(i.customer_id, NULL, NULL, 'invoice.adjusted', 'invoice:' || i.id, jsonb_build_object('invoiceId', i.id, 'number', i.number,
    'lines', count(*), 'differenceCents', sum(l.amount_cents - l.discount_cents), 'currency', i.currency), i.issued_at)
  FROM added l JOIN invoices i ON i.id = l.invoice_id WHERE l.kind = 'adjustment' GROUP BY i.id ORDER BY i.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER invoice_line_items_told AFTER INSERT ON invoice_line_items REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION notify_of_adjustments();
--> statement-breakpoint
CREATE FUNCTION notify_of_readiness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of_service(NEW.service_id, NULL, CASE NEW.result WHEN 'fail' THEN 'readiness.failed' ELSE 'readiness.passed' END,
    'service:' || NEW.service_id || ':readiness', jsonb_build_object('actor', NEW.actor,
      'failed', (SELECT jsonb_agg(DISTINCT left(c->>'check', 60)) FROM jsonb_array_elements(
        CASE jsonb_typeof(NEW.checks) WHEN 'array' THEN NEW.checks ELSE '[]' END) c WHERE c->>'result' = 'fail')), NEW.checked_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER readiness_checks_failed_told AFTER INSERT ON readiness_checks FOR EACH ROW WHEN (NEW.result = 'fail') EXECUTE FUNCTION notify_of_readiness();
--> statement-breakpoint
CREATE TRIGGER readiness_checks_told AFTER UPDATE OF result ON readiness_checks FOR EACH ROW
  WHEN ((OLD.result = 'fail') <> (NEW.result = 'fail')) EXECUTE FUNCTION notify_of_readiness();
--> statement-breakpoint
CREATE FUNCTION notify_of_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kind text := CASE WHEN NEW.freeze_set_at IS NULL THEN 'freeze.lifted'
    WHEN OLD.freeze_expired_at IS NULL AND NEW.freeze_expired_at IS NOT NULL THEN 'freeze.expired' ELSE 'freeze.set' END;
  o settings := CASE WHEN NEW.freeze_set_at IS NULL THEN OLD ELSE NEW END;
BEGIN
  PERFORM notify_of(NULL, NULL, NULL, kind, 'freeze',
    jsonb_build_object('reason', o.freeze_reason, 'actor', o.freeze_actor, 'untilMs', epoch_ms(o.freeze_until)), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER settings_freeze_told AFTER UPDATE ON settings FOR EACH ROW
  WHEN (NEW.freeze_set_at IS DISTINCT FROM OLD.freeze_set_at OR (OLD.freeze_expired_at IS NULL AND NEW.freeze_expired_at IS NOT NULL))
  EXECUTE FUNCTION notify_of_freeze();
--> statement-breakpoint
CREATE FUNCTION renew_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.freeze_expired_at := NULL;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER settings_freeze_renewed BEFORE UPDATE OF freeze_set_at ON settings FOR EACH ROW
  WHEN (NEW.freeze_set_at IS DISTINCT FROM OLD.freeze_set_at) EXECUTE FUNCTION renew_freeze();
--> statement-breakpoint
CREATE FUNCTION notify_of_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'customer_tokens' THEN
    PERFORM notify_of(NEW.customer_id, NULL, NULL, 'token.created', 'token:' || NEW.id,
      jsonb_build_object('tokenId', NEW.id, 'name', NEW.name, 'role', NEW.role, 'expiresAtMs', epoch_ms(NEW.expires_at)), NEW.created_at);
  ELSE
    PERFORM notify_of(NULL, NULL, NULL, 'token.created', 'admin-token:' || NEW.id, jsonb_build_object('tokenId', NEW.id, 'name', NEW.name,
      'scopes', to_jsonb(NEW.scopes), 'actor', NEW.created_by, 'expiresAtMs', epoch_ms(NEW.expires_at)), NEW.created_at);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER customer_tokens_told AFTER INSERT ON customer_tokens FOR EACH ROW EXECUTE FUNCTION notify_of_token();
--> statement-breakpoint
CREATE TRIGGER admin_tokens_told AFTER INSERT ON admin_tokens FOR EACH ROW EXECUTE FUNCTION notify_of_token();
--> statement-breakpoint
CREATE FUNCTION notify_of_dns_standing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  s dns_standings := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  failing boolean := TG_OP <> 'DELETE' AND s.pauses > 0;
BEGIN
  PERFORM notify_of(nullif(s.customer_id, 0), NULL, NULL, CASE WHEN failing THEN 'account.failing' ELSE 'account.recovered' END, 'dns-account',
    jsonb_build_object('account', 'Route 53', 'error', CASE WHEN failing THEN left(s.last_error, 300) END), s.updated_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER dns_standings_begun_told AFTER INSERT ON dns_standings FOR EACH ROW WHEN (NEW.pauses > 0) EXECUTE FUNCTION notify_of_dns_standing();
--> statement-breakpoint
CREATE TRIGGER dns_standings_told AFTER UPDATE OF pauses ON dns_standings FOR EACH ROW
  WHEN ((OLD.pauses > 0) <> (NEW.pauses > 0)) EXECUTE FUNCTION notify_of_dns_standing();
--> statement-breakpoint
CREATE TRIGGER dns_standings_gone_told AFTER DELETE ON dns_standings FOR EACH ROW WHEN (OLD.pauses > 0) EXECUTE FUNCTION notify_of_dns_standing();
--> statement-breakpoint
CREATE FUNCTION notify_of_cdn_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(NEW.customer_id, NULL, NULL, CASE WHEN NEW.last_error IS NULL THEN 'account.recovered' ELSE 'account.failing' END,
    'cdn-account:' || NEW.id, jsonb_build_object('account', NEW.cdn || ' analytics', 'error', left(NEW.last_error, 300)), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER cdn_accounts_told AFTER UPDATE OF last_error ON cdn_accounts FOR EACH ROW
  WHEN ((OLD.last_error IS NULL) <> (NEW.last_error IS NULL) AND NEW.deleted_at IS NULL) EXECUTE FUNCTION notify_of_cdn_account();
--> statement-breakpoint
-- A job that fails again and again is told of once, and when it is well again.
CREATE FUNCTION notify_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was boolean := TG_OP = 'UPDATE' AND OLD.last_failed_at IS NOT NULL AND OLD.last_failed_at > coalesce(OLD.last_succeeded_at, '-infinity');
  fails boolean := NEW.last_failed_at IS NOT NULL AND NEW.last_failed_at > coalesce(NEW.last_succeeded_at, '-infinity');
BEGIN
  IF was <> fails THEN
    PERFORM notify_of(NULL, NULL, NULL, CASE WHEN fails THEN 'job.failing' ELSE 'job.recovered' END, 'job:' || NEW.job || ':' || NEW.provider,
      jsonb_build_object('job', NEW.job, 'provider', NEW.provider), CASE WHEN fails THEN NEW.last_failed_at ELSE NEW.last_succeeded_at END);
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.overruns > OLD.overruns THEN
    PERFORM notify_of(NULL, NULL, NULL, 'job.overrun', 'overrun:' || NEW.job || ':' || NEW.provider,
      jsonb_build_object('job', NEW.job, 'provider', NEW.provider, 'overruns', NEW.overruns - OLD.overruns, 'durationMs', NEW.last_duration_ms), NULL);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER job_runs_told AFTER INSERT OR UPDATE ON job_runs FOR EACH ROW EXECUTE FUNCTION notify_of_job();
--> statement-breakpoint
CREATE FUNCTION notify_of_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(NULL, NULL, NULL, CASE WHEN NEW.cleared_at IS NULL THEN 'finding.opened' ELSE 'finding.cleared' END, 'finding:' || NEW.id,
    jsonb_build_object('rule', NEW.rule, 'object', NEW.object_type || ' ' || NEW.object_id, 'expected', left(NEW.expected, 200), 'actual', left(NEW.actual, 200)),
    coalesce(NEW.cleared_at, NEW.found_at));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER reconciliation_findings_opened_told AFTER INSERT ON reconciliation_findings FOR EACH ROW EXECUTE FUNCTION notify_of_finding();
--> statement-breakpoint
CREATE TRIGGER reconciliation_findings_cleared_told AFTER UPDATE OF cleared_at ON reconciliation_findings FOR EACH ROW
  WHEN (OLD.cleared_at IS NULL AND NEW.cleared_at IS NOT NULL) EXECUTE FUNCTION notify_of_finding();
--> statement-breakpoint
CREATE FUNCTION notify_of_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(NEW.customer_id, NULL, NULL, CASE WHEN NEW.failures = 0 AND NEW.disabled_at IS NULL THEN 'channel.recovered' ELSE 'channel.failing' END,
    'channel:' || NEW.id, jsonb_build_object('channelId', NEW.id, 'channel', NEW.name, 'channelKind', NEW.kind,
      'error', CASE WHEN NEW.failures > 0 OR NEW.disabled_at IS NOT NULL THEN left(coalesce(NEW.disabled_reason, NEW.last_error), 300) END), NULL);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Five in a row (domain/notify/retry.ts), or a receiver that wants no more.
CREATE TRIGGER channels_told AFTER UPDATE OF failures, disabled_at ON channels FOR EACH ROW
  WHEN (NEW.deleted_at IS NULL AND ((OLD.failures >= 5) <> (NEW.failures >= 5)
    OR (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL AND NEW.disabled_reason = 'gone'))) EXECUTE FUNCTION notify_of_channel();
--> statement-breakpoint
CREATE FUNCTION notify_of_dead_letter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM notify_of(c.customer_id, NULL, NULL, 'delivery.dead', 'channel:' || c.id, jsonb_build_object('channelId', c.id, 'channel', c.name,
    'channelKind', c.kind, 'deliveryId', NEW.id, 'told', NEW.kind, 'title', left(NEW.message->>'title', 200), 'error', left(NEW.last_status, 300)), NEW.ended_at)
  FROM channels c WHERE c.id = NEW.channel_id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER deliveries_dead_told AFTER UPDATE OF state ON deliveries FOR EACH ROW
  WHEN (OLD.state = 'pending' AND NEW.state = 'dead' AND NEW.kind NOT IN ('delivery.dead', 'channel.failing', 'channel.recovered')) EXECUTE FUNCTION notify_of_dead_letter();
