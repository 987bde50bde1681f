import { Agent, request } from "node:http";

export type Load = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly concurrency: number;
};

const one = (agent: Agent, { url, headers }: Load): Promise<number> =>
  new Promise((done, fail) => {
    const startedAtMs = performance.now();
    const sent = request(url, { agent, headers }, (response) => {
      response.on("data", () => undefined);
      response.on("error", fail);
      response.on("end", () => {
        if (response.statusCode === 200) done(performance.now() - startedAtMs);
        else fail(new Error(`${url} answered ${response.statusCode}`));
      });
    });
    sent.on("error", fail);
    sent.end();
  });

/** One kind of request again and again over kept connections, so many at a time. */
export class LoadGenerator {
  readonly #load: Load;
  readonly #agent: Agent;
  /** Of each request so far, in milliseconds. */
  readonly latenciesMs: number[] = [];
  /** Of the batches so far. */
  totalMs = 0;

  constructor(load: Load) {
    this.#load = load;
    this.#agent = new Agent({ keepAlive: true, maxSockets: load.concurrency });
  }

  /** @returns requests a second @throws when an answer is not 200 */
  async batch(requests: number): Promise<number> {
    let left = requests;
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        this.latenciesMs.push(await one(this.#agent, this.#load));
      }
    };
    const startedAtMs = performance.now();
    await Promise.all(Array.from({ length: this.#load.concurrency }, worker));
    const tookMs = performance.now() - startedAtMs;
    this.totalMs += tookMs;
    return (requests / tookMs) * 1_000;
  }

  reset(): void {
    this.latenciesMs.length = 0;
    this.totalMs = 0;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** @param share 0.5 is the median */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
