import { describe, expect, test } from "vitest";
import { accountAddress, refuseAccount, refuseRuling } from "../../../src/domain/tenants/accounts.ts";
import { adminScopes } from "../../../src/domain/tenants/access.ts";
import { invitationMail, resetMail } from "../../../src/domain/tenants/account-mail.ts";
import { normalPassword, passwordFault } from "../../../src/domain/tenants/password.ts";

describe("a password", () => {
  test.each([
    ["four words nobody says", null],
    ["zwölf Zeichen", null],
    ["🐧🐧🦊🦊🐙🐙🦉🦉🐸🐸🐝🐝", null],
    ["eleven char", "12 to 128"],
    ["🐧".repeat(11), "12 to 128"],
    [`${"ab c".repeat(32)}x`, "12 to 128"],
    ["", "12 to 128"],
    ["Password1234", "tried first"],
    ["QWERTYUIOP123", "tried first"],
    ["aaaaaaaaaaaa", "tried first"],
    ["abcabcabcabc", "tried first"],
    ["abcdefghijkl", "tried first"],
    ["zyxwvutsrqpo", "tried first"],
    ["ada.lovelace@example.com", "mail address"],
    ["Ada.Lovelace@Example.com", "mail address"],
    ["ada.lovelace", "mail address"],
  ])("%s: %s", (password, rule) => {
    const fault = passwordFault(password, "ada.lovelace@example.com");
    if (rule === null) expect(fault).toBeNull();
    else expect(fault).toContain(rule);
  });

  test("is the same whichever keyboard composes its letters", () => {
    expect(normalPassword("Zwo\u0308lf Zeichen")).toBe(normalPassword("Zw\u00f6lf Zeichen"));
  });
});

test("an address is compared without blanks around it, and in lower case", () => {
  expect(accountAddress("  Ada@Example.COM ")).toBe("ada@example.com");
});

describe("who invites", () => {
  const admin = { kind: "admin", scopes: adminScopes, expiresAtMs: null } as const;
  const owner = { kind: "customer", role: "owner", expiresAtMs: null } as const;
  test.each([
    [admin, "admin", null],
    [admin, "owner", null],
    [{ ...admin, scopes: ["read", "write", "tokens"] as const }, "owner", null],
    [{ ...admin, scopes: ["read", "write", "tokens"] as const }, "admin", "lacks billing"],
    [{ ...admin, scopes: ["read", "tokens"] as const }, "editor", "scope write"],
    [{ ...admin, expiresAtMs: 1 }, "admin", "expires"],
    [{ ...admin, expiresAtMs: 1 }, "viewer", "expires"],
    [owner, "owner", null],
    [owner, "admin", "only admins"],
    [{ ...owner, role: "editor" as const }, "viewer", "role owner"],
    [{ ...owner, expiresAtMs: 1 }, "viewer", "expires"],
  ] as const)("%j as %s: %s", (minter, role, reason) => {
    const refusal = refuseAccount(minter, role);
    if (reason === null) expect(refusal).toBeNull();
    else expect(refusal).toContain(reason);
  });

  test.each([
    [admin, "admin", true],
    [{ ...admin, scopes: ["read", "write"] as const }, "viewer", false],
    [owner, "owner", true],
    [owner, "admin", false],
    [{ ...owner, role: "editor" as const }, "viewer", false],
  ] as const)("%j rules over %s: %s", (minter, role, may) => {
    expect(refuseRuling(minter, role) === null).toBe(may);
  });
});

test("mails have the link as text and as markup, and nothing of who invites is markup", () => {
  const { html, text, subject } = invitationMail("https://x.example/console/invitation?link=a&b", "viewer", '<b>"eve"</b>');
  expect(text).toContain("\n\nhttps://x.example/console/invitation?link=a&b\n\n");
  expect(html).toContain('href="https://x.example/console/invitation?link=a&amp;b"');
  expect(html).not.toContain("<b>");
  expect(subject).toBe("You are invited to tranche");
  expect(resetMail("https://x.example/r").text).toContain("within an hour");
});
