/** How far bytes are an estimate; a bound is null where it is not known. */
export type Estimate = { readonly interval: number; readonly lowerBytes: number | null; readonly upperBytes: number | null };

/** A hostname of a service, and the side on which the service has the CDN that was asked. */
export type SideHost = { readonly serviceId: number; readonly side: "primary" | "backup"; readonly host: string };

/** What a CDN said of one host and window, epoch milliseconds. Without `sampling` every request was counted. */
export type HostBytes = {
  readonly host: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
  readonly sampling?: Estimate;
};

export type SideBytes = Omit<HostBytes, "host"> & { readonly serviceId: number; readonly side: "primary" | "backup" };

/** The estimate of a sum: bounds add up, where every part knows its own; what was counted is its own bound. */
const sumEstimates = (parts: readonly HostBytes[]): Estimate | null => {
  if (parts.every(({ sampling }) => sampling === undefined)) return null;
  const bound = (name: "lowerBytes" | "upperBytes"): number | null =>
    parts.reduce<number | null>((sum, { bytes, sampling }) => {
      const part = sampling === undefined ? bytes : sampling[name];
      return sum === null || part === null ? null : sum + part;
    }, 0);
  const interval = Math.max(...parts.map(({ sampling }) => sampling?.interval ?? 1));
  return { interval, lowerBytes: bound("lowerBytes"), upperBytes: bound("upperBytes") };
};

/** Adds up a service's hosts. A window of which any host has no reading is left out: half a sum would be a wrong one. */
export const sumByService = (hosts: readonly SideHost[], rows: readonly HostBytes[]): readonly SideBytes[] => {
  const byHost = Map.groupBy(rows, (row) => row.host);
  return [...Map.groupBy(hosts, (host) => host.serviceId).values()].flatMap((own) => {
    const [first] = own;
    const windows = Map.groupBy(own.flatMap(({ host }) => byHost.get(host) ?? []), (row) => row.startMs);
    return [...windows.values()].flatMap((same) => {
      const [row] = same;
      if (first === undefined || row === undefined || same.length < own.length) return [];
      const { serviceId, side } = first;
      const sampling = sumEstimates(same);
      const bytes = same.reduce((sum, one) => sum + one.bytes, 0);
      return [{ serviceId, side, startMs: row.startMs, endMs: row.endMs, bytes, ...(sampling !== null && { sampling }) }];
    });
  });
};
