import type { Database } from "../../src/adapters/db/platform/client.ts";

/** A database that counts its round trips and tells whether one is under way. */
export const countTrips = (db: Database) => {
  const count = { trips: 0, under: 0 };
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    count.trips += 1;
    count.under += 1;
    try {
      return await work();
    } finally {
      count.under -= 1;
    }
  };
  const counting: Database = {
    rows: (query) => counted(() => db.rows(query)),
    batch: (queries) => counted(() => db.batch(queries)),
  };
  return { db: counting, count, busy: () => count.under > 0 };
};
