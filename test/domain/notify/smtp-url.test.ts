import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../src/config.ts";
import { parseSmtpUrl } from "../../../src/domain/notify/smtp-url.ts";

const login = { user: "ops@example.com", password: "p@ss:w/rd %" };
const encoded = "ops%40example.com:p%40ss%3Aw%2Frd%20%25";

describe("SMTP_URL", () => {
  it.each([
    [`smtps://${encoded}@mail.example.com`, { hostname: "mail.example.com", port: 465, security: "on", login }],
    [`smtp://${encoded}@mail.example.com/`, { hostname: "mail.example.com", port: 587, security: "starttls", login }],
    [`smtp://${encoded}@mail.example.com:2587`, { hostname: "mail.example.com", port: 2587, security: "starttls", login }],
    ["smtps://10.0.0.7:465", { hostname: "10.0.0.7", port: 465, security: "on", login: null }],
    ["smtp+insecure://127.0.0.1:2525", { hostname: "127.0.0.1", port: 2525, security: "off", login: null }],
  ])("%s is read", (text, expected) => {
    expect(parseSmtpUrl(text)).toEqual(expected);
  });

  it.each([
    ["", /must be smtps/],
    ["mail.example.com:587", /must be smtps/],
    ["https://mail.example.com", /must be smtps/],
    ["smtps://a@b@mail.example.com", /must be smtps/],
    ["smtps://user@mail.example.com", /must be smtps/],
    ["smtps://user:@mail.example.com", /must be smtps/],
    ["smtps://user:pass@", /must be smtps/],
    ["smtps://mail.example.com:0", /must be smtps/],
    ["smtps://mail.example.com/path", /must be smtps/],
    ["smtps://mail.example.com\r\nx", /must be smtps/],
    ["smtps://mail.example.com:70000", /port up to 65535/],
    ["smtp+insecure://mail.example.com:25", /without TLS mail only goes to this machine/],
    ["smtps://a%zz:b@mail.example.com", /percent-encoded/],
    ["smtps://a%00:b@mail.example.com", /no NUL/],
  ])("%j is refused", (text, message) => {
    expect(parseSmtpUrl(text)).toMatch(message);
  });
});

describe("the configuration of mail", () => {
  const env = { DATABASE_URL: "postgresql://u:p@h/d", PROVIDER: "local" };
  const from = { MAIL_FROM: "alerts@example.com" };
  const api = { MAIL_API_URL: "https://api.example.com/emails", MAIL_API_TOKEN: "qW3eR5tY7uI9oP1aS2dF" };

  it("is nothing by default, SMTP, an HTTP API, or both", () => {
    expect(parseConfig(env).mail).toBeNull();
    expect(parseConfig({ ...env, ...from, ...api }).mail).toEqual({
      from: from.MAIL_FROM,
      smtp: null,
      api: { url: api.MAIL_API_URL, token: api.MAIL_API_TOKEN },
    });
    expect(parseConfig({ ...env, ...from, ...api, SMTP_URL: `smtps://${encoded}@mail.example.com` }).mail).toMatchObject({
      smtp: { port: 465, login },
      api: { url: api.MAIL_API_URL },
    });
    expect(parseConfig({ ...env, PAGERDUTY_ENDPOINT: "http://127.0.0.1:9000" }).pagerdutyEndpoint).toBe("http://127.0.0.1:9000");
  });

  it.each([
    [{ SMTP_URL: "smtps://mail.example.com" }, "MAIL_FROM is required with SMTP_URL"],
    [api, "MAIL_FROM is required with MAIL_API_URL"],
    [{ ...from, MAIL_API_URL: api.MAIL_API_URL }, "MAIL_API_TOKEN is required with MAIL_API_URL"],
    [from, "MAIL_FROM does nothing without SMTP_URL or MAIL_API_URL"],
    [{ MAIL_FROM: "tranche <alerts@example.com>", ...api }, "MAIL_FROM must be an address"],
    [{ MAIL_FROM: "a@example.com\r\nBcc: b@example.com", ...api }, "MAIL_FROM must be an address"],
    [{ ...from, ...api, MAIL_API_URL: "http://api.example.com/emails" }, "MAIL_API_URL must be https"],
    [{ ...from, SMTP_URL: "smtp+insecure://mail.example.com" }, "SMTP_URL must be smtps or smtp"],
    [{ PAGERDUTY_ENDPOINT: "http://events.example.com" }, "PAGERDUTY_ENDPOINT must be https"],
    [
      {
        ...from,
        ...api,
        ADMIN_TOKEN: "kJ8hG6fD4sA2qW9eR7tY5uI3oP1zX0cV",
        SMTP_URL: "smtps://u:kJ8hG6fD4sA2qW9eR7tY5uI3oP1zX0cV@mail.example.com",
      },
      "must not be the same secret as",
    ],
  ])("refuses %j", (variables, message) => {
    expect(() => parseConfig({ ...env, ...variables })).toThrow(message);
    const secrets = [api.MAIL_API_TOKEN, "kJ8hG6fD4sA2qW9eR7tY5uI3oP1zX0cV"];
    try {
      parseConfig({ ...env, ...variables });
    } catch (error) {
      for (const secret of secrets) expect(String(error)).not.toContain(secret);
    }
  });
});
