import { afterEach, beforeEach } from "vitest";
import { freshDatabase } from "./database.ts";
import type { TestDatabase } from "./database.ts";
import { createWorld } from "./round-world.ts";
import type { World } from "./round-world.ts";

/** Stands for a thing of which each test has another one. */
const handleOf = <Thing extends object>(current: () => Thing): Thing =>
  new Proxy({} as Thing, { get: (_, name) => Reflect.get(current(), name) });

/**
 * A database and a world of its own for every test of the file, or of the `describe` in which this is called: before the test's own
 * `beforeEach`, closed after its own `afterEach`. The handles are good within hooks and tests.
 */
export const useWorld = (): { readonly database: TestDatabase; readonly world: World } => {
  let database: TestDatabase;
  let world: World;
  beforeEach(async () => {
    database = await freshDatabase();
    world = await createWorld(database);
  });
  afterEach(() => database.close());
  return { database: handleOf(() => database), world: handleOf(() => world) };
};
