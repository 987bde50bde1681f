/**
 * The span of a service's usage (epoch milliseconds), and the cost factors of checking a window of it:
 * how many hostnames it ever held, and how many storms it had.
 */
export type ServiceExtent = {
  readonly serviceId: number;
  readonly firstMs: number;
  readonly endMs: number;
  readonly hosts: number;
  readonly storms: number;
};

/** Windows of a service that begin in [fromMs, toMs). `isLast`: the service's last span. */
export type CheckSpan = { readonly serviceId: number; readonly fromMs: number; readonly toMs: number; readonly isLast: boolean };

export type CheckFrame = {
  readonly windowMs: number;
  /** Only windows that begin in [fromMs, toMs) are checked; both are full windows. Null: from the first. */
  readonly fromMs: number | null;
  readonly toMs: number;
};

/** The limits of one statement, so that it takes about a second. */
export type CheckLimits = {
  readonly windows: number;
  /** Hosts times windows. */
  readonly slices: number;
  /** Windows times the storms among them. */
  readonly pairs: number;
  readonly services: number;
  /** Lines of invoices; one invoice that has more is checked alone. */
  readonly lines: number;
};

export const checkLimits: CheckLimits = { windows: 10_000, slices: 30_000, pairs: 3_000_000, services: 1_000, lines: 20_000 };

const floorTo = (ms: number, unitMs: number): number => Math.floor(ms / unitMs) * unitMs;

/** How many windows of a service one statement takes; at least one. */
const windowsAtOnce = ({ firstMs, endMs, hosts, storms }: ServiceExtent, { windowMs }: CheckFrame, limits: CheckLimits): number => {
  const windows = Math.max(1, (endMs - firstMs) / windowMs);
  const byStorms = storms === 0 ? limits.windows : Math.sqrt((limits.pairs * windows) / storms);
  return Math.max(1, Math.floor(Math.min(limits.windows, limits.slices / Math.max(1, hosts), byStorms)));
};

/**
 * Splits the services into chunks of about the same work, in the order given. A service with nothing
 * within the frame has an empty span, so that its old findings can be cleared.
 * @param resumeMs where to resume the first service; null: at its beginning
 */
export function* checkChunks(
  services: readonly ServiceExtent[],
  frame: CheckFrame,
  resumeMs: number | null = null,
  limits = checkLimits,
): Generator<readonly CheckSpan[]> {
  const { windowMs } = frame;
  let chunk: CheckSpan[] = [];
  let used = 0;
  for (const [place, service] of services.entries()) {
    const beginsMs = Math.max(floorTo(service.firstMs, windowMs), frame.fromMs ?? Number.NEGATIVE_INFINITY);
    const endsMs = Math.min(floorTo(service.endMs - 1, windowMs) + windowMs, frame.toMs);
    const atOnce = windowsAtOnce(service, frame, limits);
    let fromMs = Math.min(Math.max(beginsMs, place === 0 ? (resumeMs ?? beginsMs) : beginsMs), Math.max(beginsMs, endsMs));
    for (let isLast = false; !isLast;) {
      const room = Math.max(1, Math.floor((1 - used) * atOnce));
      const toMs = Math.max(fromMs, Math.min(endsMs, fromMs + room * windowMs));
      isLast = toMs >= endsMs;
      chunk.push({ serviceId: service.serviceId, fromMs, toMs, isLast });
      used += (toMs - fromMs) / windowMs / atOnce;
      fromMs = toMs;
      if (used >= 1 || chunk.length >= limits.services) {
        yield chunk;
        chunk = [];
        used = 0;
      }
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** A chunk in two halves of about the same work; null where it is one window at most. */
export const halves = (chunk: readonly CheckSpan[], windowMs: number): readonly [readonly CheckSpan[], readonly CheckSpan[]] | null => {
  const [first] = chunk;
  if (chunk.length > 1) return [chunk.slice(0, Math.ceil(chunk.length / 2)), chunk.slice(Math.ceil(chunk.length / 2))];
  if (first === undefined || first.toMs - first.fromMs <= windowMs) return null;
  const middleMs = first.fromMs + Math.ceil((first.toMs - first.fromMs) / windowMs / 2) * windowMs;
  return [[{ ...first, toMs: middleMs, isLast: false }], [{ ...first, fromMs: middleMs }]];
};
