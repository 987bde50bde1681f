-- Optimistic concurrency of the cost watch: a transaction that finds another state than it has read ends here, with nothing written.
CREATE FUNCTION require_unchanged(holds boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF holds IS NOT TRUE THEN RAISE EXCEPTION 'somebody else has changed it meanwhile' USING ERRCODE = 'serialization_failure'; END IF;
  RETURN true;
END $$;
