import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import type { SMTPServerOptions } from "smtp-server";
import { SMTPServer } from "smtp-server";
import type { SmtpServer } from "../../src/domain/notify/smtp-url.ts";

export const login = { user: "ops@example.com", password: "p@ss wörd with %" } as const;

/** An error that the server answers with this code. */
export const answered = (responseCode: number, message = "no"): Error => Object.assign(new Error(message), { responseCode });

export type Delivered = {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
  readonly secure: boolean;
  readonly user: unknown;
};

export type MailServer = {
  readonly port: number;
  readonly mails: Delivered[];
  readonly logins: unknown[];
  readonly close: () => Promise<void>;
};

/** A mail server that keeps what it takes, and knows one login. */
export const startMailServer = async (
  options: SMTPServerOptions = {},
  onSocket: (socket: Socket) => void = () => undefined,
): Promise<MailServer> => {
  const mails: Delivered[] = [];
  const logins: unknown[] = [];
  const server = new SMTPServer({
    disableReverseLookup: true,
    closeTimeout: 1,
    onAuth: ({ method, username, password }, _, done) => {
      logins.push({ method, username, password });
      if (username === login.user && password === login.password) done(null, { user: username });
      else done(answered(535, `${password} is wrong`));
    },
    onData: (stream, { envelope, secure, user }, done) => {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        mails.push({
          from: envelope.mailFrom === false ? "" : envelope.mailFrom.address,
          to: envelope.rcptTo.map(({ address }) => address),
          data: Buffer.concat(parts).toString("latin1"),
          secure,
          user,
        });
        done();
      });
    },
    ...options,
  });
  // Clients that let go in the middle are part of what is tried.
  server.on("error", () => undefined);
  server.server.on("connection", onSocket);
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    logins,
    close: async () => await new Promise((resolve) => server.close(() => resolve())),
  };
};

export type Scripted = { readonly port: number; readonly lines: string[]; readonly closed: () => number; readonly close: () => void };

/** A server that says what it is told to each line, a greeting first; what is not text it does. */
export const startScripted = async (
  greeting: string | ((socket: Socket) => void),
  reply: (line: string, socket: Socket) => string | undefined,
): Promise<Scripted> => {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let closed = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => (closed += 1));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        lines.push(line);
        const said = reply(line, socket);
        if (said !== undefined) socket.write(said);
      }
    });
    if (typeof greeting === "string") socket.write(greeting);
    else greeting(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    closed: () => closed,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

export const serverAt = (port: number, security: SmtpServer["security"], withLogin = false, hostname = "localhost"): SmtpServer => ({
  hostname,
  port,
  security,
  login: withLogin ? login : null,
});
