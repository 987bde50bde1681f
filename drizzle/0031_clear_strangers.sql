-- What was read into windows that are not billed yet, for a service that by its history held nothing at that CDN on that side
-- then, is nobody's: it came from reading past windows with the domains and sides of a later day.
UPDATE usage_snapshots u SET primary_bytes = 0, primary_source = NULL, primary_sampling = NULL, updated_at = now()
WHERE u.invoice_id IS NULL AND u.primary_source IN ('cloudflare', 'fastly') AND NOT EXISTS (
  SELECT FROM domain_tenures t
  JOIN service_cdns h ON h.service_id = t.service_id
  WHERE t.service_id = u.service_id AND h.primary_cdn = u.primary_source
    AND t.from_at < u.window_end AND coalesce(t.to_at, 'infinity') > u.window_start
    AND h.from_at < u.window_end AND coalesce(h.to_at, 'infinity') > u.window_start);
--> statement-breakpoint
UPDATE usage_snapshots u SET backup_bytes = 0, backup_source = NULL, backup_sampling = NULL, updated_at = now()
WHERE u.invoice_id IS NULL AND u.backup_source IN ('cloudflare', 'fastly') AND NOT EXISTS (
  SELECT FROM domain_tenures t
  JOIN service_cdns h ON h.service_id = t.service_id
  WHERE t.service_id = u.service_id AND h.backup_cdn = u.backup_source
    AND t.from_at < u.window_end AND coalesce(t.to_at, 'infinity') > u.window_start
    AND h.from_at < u.window_end AND coalesce(h.to_at, 'infinity') > u.window_start);
