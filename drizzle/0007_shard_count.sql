-- Another number of shards deals the services out anew. Every shard's lease ends with the old number, in its transaction:
-- the update waits for writes that hold a lease, and from then on nobody owns a service by the old rule.
CREATE FUNCTION revoke_shard_leases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE leases SET expires_at = clock_timestamp(), released_at = clock_timestamp()
  WHERE name LIKE 'shard:%' AND expires_at > clock_timestamp();
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER settings_shards_changed AFTER UPDATE OF shards ON settings
  FOR EACH ROW WHEN (OLD.shards <> NEW.shards) EXECUTE FUNCTION revoke_shard_leases();
