/** What Node 20 does not have yet of what the shared rules use (ES2024). */
const groupBy = <Key, Value>(values: Iterable<Value>, keyOf: (value: Value, index: number) => Key): Map<Key, Value[]> => {
  const groups = new Map<Key, Value[]>();
  let index = 0;
  for (const value of values) {
    const key = keyOf(value, index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
    index += 1;
  }
  return groups;
};

if (!("groupBy" in Map)) Object.defineProperty(Map, "groupBy", { value: groupBy, writable: true, configurable: true });

const withResolvers = <Value>(): PromiseWithResolvers<Value> => {
  let settle: Omit<PromiseWithResolvers<Value>, "promise"> | null = null;
  const promise = new Promise<Value>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...(settle as unknown as Omit<PromiseWithResolvers<Value>, "promise">) };
};

if (!("withResolvers" in Promise))
  Object.defineProperty(Promise, "withResolvers", { value: withResolvers, writable: true, configurable: true });
