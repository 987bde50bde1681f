import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";

/** Kept secrets by the name of the key that sealed them; of live accounts, so a row or two a customer. */
export const sealStandings: SQL = sql`
  select split_part(sealed, '.', 2) as key, count(*) as count from (
    select sealed_token as sealed from cdn_accounts where deleted_at is null
    union all
    select sealed_secret from dns_accounts where deleted_at is null and sealed_secret is not null
    union all
    select sealed_secret from cost_accounts where deleted_at is null and sealed_secret is not null
    union all
    select sealed_secret from channels where deleted_at is null
  ) s group by 1 order by 1`;
