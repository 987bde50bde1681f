import { expect, it } from "vitest";
import { complaintOf, createWorkerdLog } from "../../local/workerd-log.ts";

/** As workerd logged it for one probe of a name that does not resolve. */
const lookup = (id: string) =>
  `e = rust/worker/ffi.rs:110: failed: failed to lookup address information: Name or service not known
stack: /app/workerd@28a3c60 /app/workerd@3ac7580 /app/workerd@3692230; sentryErrorContext = jsgInternalError; wdErrId = ${id}`;
const own = JSON.stringify({ level: "info", event: "job", job: "prune" });

it("keeps what is told of a complaint, and nothing else", () => {
  expect(complaintOf(lookup("abc"))).toBe("failed to lookup address information: Name or service not known");
  expect(complaintOf("kj/compat/tls.c++:88: failed: TLS peer's certificate is not trusted; wdErrId = x1")).toBe(
    "TLS peer's certificate is not trusted",
  );
  expect(complaintOf(own)).toBe(null);
  expect(complaintOf("a line of somebody's, in two\nlines")).toBe(null);
});

it("tells a complaint once, then counts, and lets the Worker's own lines through", () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = createWorkerdLog(
    (line) => lines.push(line),
    () => nowMs,
  );
  for (let at = 0; at < 934; at += 1) {
    nowMs = at * 1_000;
    log.take(lookup(`id${at}`));
    if (at === 3) log.take(own);
  }
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^workerd: failed to lookup address information: Name or service not known \(the same again is counted/);
  expect(lines[1]).toBe(own);
  expect(lines[2]).toBe("workerd: failed to lookup address information: Name or service not known (600 more)");
  log.close();
  expect(lines.at(-1)).toBe("workerd: failed to lookup address information: Name or service not known (333 more)");
});

it("is not flooded by complaints that are all different", () => {
  const lines: string[] = [];
  const log = createWorkerdLog(
    (line) => lines.push(line),
    () => 0,
  );
  for (let at = 0; at < 1_000; at += 1) log.take(lookup("x").replace("Name", `Name ${at}`));
  log.close();
  expect(lines.length).toBeLessThan(60);
});
