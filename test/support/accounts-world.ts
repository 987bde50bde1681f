import { randomBytes } from "node:crypto";
import { createNodeConnect } from "../../self-hosted/connect.ts";
import { createPasswords } from "../../self-hosted/passwords.ts";
import type { Passwords } from "../../src/adapters/ports/platform/passwords.ts";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { freshDatabase } from "./database.ts";
import { startMailServer } from "./mail-server.ts";

const origin = "https://tranche.example.test";
export const adminToken = "an-admin-token-of-more-than-32-characters";

/** scrypt at a cost that takes no time; everything else is as it is in earnest. */
const quickCost = { ln: 4, r: 8, p: 1 };

/** What a browser keeps and sends. */
export type Browser = {
  readonly get: (path: string) => Promise<Response>;
  readonly post: (path: string, fields: Record<string, string>) => Promise<Response>;
  readonly forget: () => void;
};

/** A self-hosted installation in this process: the whole application with accounts, a database and a mail server. */
export const startAccounts = async (overrides: Record<string, string> = {}) => {
  const database = await freshDatabase();
  const mail = await startMailServer({ disabledCommands: ["STARTTLS"], authOptional: true });
  const counted = { verified: [] as (string | null)[], hashed: 0 };
  const quick = createPasswords({ cost: quickCost, waiting: 1_000 });
  const passwords: Passwords = {
    hash: async (password) => {
      counted.hashed += 1;
      return await quick.hash(password);
    },
    verify: async (password, stored) => {
      counted.verified.push(stored);
      return await quick.verify(password, stored);
    },
    needsRehash: quick.needsRehash,
  };
  const config = parseConfig({
    DATABASE_URL: database.appUrl,
    NEON_FETCH_ENDPOINT: database.fetchEndpoint,
    PROVIDER: "vercel",
    ADMIN_TOKEN: adminToken,
    SECRETS_KEY: randomBytes(32).toString("base64"),
    SELF_URL: origin,
    LOCAL_ACCOUNTS: "on",
    SMTP_URL: `smtp+insecure://127.0.0.1:${mail.port}`,
    MAIL_FROM: "tranche@example.test",
    ...overrides,
  });
  const background: Promise<unknown>[] = [];
  const lines: string[] = [];
  const log = {
    info: (event: string, fields: object = {}) => void lines.push(JSON.stringify({ event, ...fields })),
    warn: (event: string, fields: object = {}) => void lines.push(JSON.stringify({ event, ...fields })),
    error: (event: string, thrown: unknown, fields: object = {}) => void lines.push(`${event} ${String(thrown)} ${JSON.stringify(fields)}`),
  };
  const deps = buildDeps(config, { passwords, connect: createNodeConnect(), log, waitUntil: (work) => void background.push(work) });
  const app = createApp(deps);
  const { accounts } = deps;
  if (accounts === null) throw new Error("there are no accounts");

  /** @param address of the client, as the platform tells it */
  const browser = (address = "192.0.2.1"): Browser => {
    const cookies = new Map<string, string>();
    const send = async (method: string, path: string, body?: URLSearchParams): Promise<Response> => {
      const answer = await app.request(`${origin}${path}`, {
        method,
        headers: {
          "x-real-ip": address,
          "user-agent": `Browser of ${address}`,
          origin,
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
          ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
        },
        ...(body !== undefined && { body: body.toString() }),
      });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "" || /max-age=0/i.test(line)) cookies.delete(name);
        else cookies.set(name, value);
      }
      return answer;
    };
    return {
      get: (path) => send("GET", path),
      post: (path, fields) => send("POST", path, new URLSearchParams(fields)),
      forget: () => cookies.clear(),
    };
  };

  /** A request of the API. */
  const call = async (method: string, path: string, options: { token?: string; customer?: number; body?: unknown } = {}) => {
    const answer = await app.request(`${origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.token ?? adminToken}`,
        "x-real-ip": "198.51.100.1",
        ...(options.customer !== undefined && { "x-customer-id": String(options.customer) }),
        ...(options.body !== undefined && { "content-type": "application/json" }),
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
    const text = await answer.text();
    // `JSON.parse` gives anything, as tests want it.
    return { status: answer.status, body: JSON.parse(text === "" ? "null" : text) };
  };

  /** The path of the link in the last mail to somebody. */
  const linkTo = async (address: string): Promise<string> => {
    await Promise.all(background.splice(0));
    const mails = mail.mails.filter(({ to }) => to.includes(address));
    const text = mails.at(-1)?.data.replaceAll("=\r\n", "").replaceAll("=3D", "=") ?? "";
    return /https:\/\/tranche\.example\.test(\/console\/[a-z]+\?link=[\w-]{43})/.exec(text)?.[1] ?? "";
  };

  const settled = async (): Promise<void> => void (await Promise.all(background.splice(0)));

  const customer = async (name: string): Promise<number> => (await call("POST", "/v1/customers", { body: { name } })).body.id as number;

  /** Somebody with an account, invited by the operator. */
  const member = async (customerId: number, address: string, role: string, password: string): Promise<Browser> => {
    const invited = await call("POST", "/v1/invitations", { customer: customerId, body: { address, role } });
    if (invited.status !== 201) throw new Error(JSON.stringify(invited));
    const link = await linkTo(address);
    const own = browser();
    const accepted = await own.post("/console/invitation", { link: link.split("=")[1] ?? "", password });
    if (accepted.status !== 303) throw new Error(`${accepted.status} ${await accepted.text()}`);
    return own;
  };

  return {
    deps,
    accounts,
    app,
    database,
    mail,
    counted,
    lines,
    browser,
    call,
    linkTo,
    settled,
    customer,
    member,
    close: async () => {
      await settled();
      await mail.close();
      await database.close();
    },
  };
};
