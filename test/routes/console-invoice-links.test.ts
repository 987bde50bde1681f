import { beforeAll, describe, expect, it } from "vitest";
import { startForms } from "../support/console-forms-world.ts";
import type { Forms } from "../support/console-forms-world.ts";
import { seedInvoice } from "../support/invoices.ts";

const dayMs = 86_400_000;

let forms: Forms;
let acme: Awaited<ReturnType<Forms["api"]["onboard"]>>;
let [editor, viewer, stranger] = ["", "", ""];
let [invoiceId, path] = [0, ""];

beforeAll(async () => {
  forms = await startForms();
  const { api } = forms;
  acme = await api.onboard("acme");
  const globex = await api.onboard("globex");
  invoiceId = await seedInvoice(api.db, { customerId: acme.id, serviceIds: [(await api.service(acme.editor)).id], lines: 3 });
  path = `/console/invoices/${invoiceId}/links`;
  [editor, viewer, stranger] = (await Promise.all([acme.editor, acme.viewer, globex.editor].map(forms.signIn))) as [string, string, string];
});

const list = async () => (await forms.api.call("GET", `/v1/invoices/${invoiceId}/links`, { token: acme.viewer })).list;
const urlIn = (text: string): string => /id="secret" type="text" value="([^"]+)"/.exec(text)?.[1] ?? "";

/** A link made by the form of the page, and the form. */
const make = async (days = "7") => {
  const once = forms.onceOf((await forms.ask(path, editor)).text);
  const form = { once, expires_in_days: days };
  const answer = await forms.ask(path, editor, form);
  return { form, answer, url: urlIn(answer.text) };
};

describe("links to an invoice", () => {
  it("are said to be none, and made for as many days as were chosen; the link is in the answer alone, once", async () => {
    expect((await forms.ask(path, editor)).said).toContain("No links.");
    const { form, answer, url } = await make();
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(url).toMatch(/^https:\/\/tranche\.test\/i\/[\w-]{75}$/);
    const [link, ...more] = await list();
    expect(more).toEqual([]);
    expect(Date.parse(String(link?.["expires_at"])) - Date.parse(String(link?.["created_at"]))).toBe(7 * dayMs);
    const again = await forms.ask(path, editor, form);
    expect([again.status, urlIn(again.text)]).toEqual([409, ""]);
    expect(again.said).toContain("this form was sent before");
    expect(await list()).toHaveLength(1);
    const page = await forms.ask(path, editor);
    expect(page.said).toMatch(/Link \d+ Open now by token:\d+ never/);
    expect(page.text).not.toContain("/i/");
  });

  it("show the invoice to whoever has one, until it is withdrawn", async () => {
    const { url } = await make();
    const open = () => forms.api.call("GET", new URL(url).pathname, { token: null, headers: { accept: "text/html" } });
    expect((await open()).text).toContain("Amount due");
    const id = (await list()).at(-1)?.id ?? 0;
    expect((await forms.ask(`${path}/${id}/withdraw`, editor)).said).toContain(`Withdraw link ${id}?`);
    const done = await forms.ask(`${path}/${id}/withdraw`, editor, {});
    expect([done.status, done.to]).toEqual([303, `${path}?done=withdrawn`]);
    expect((await open()).status).toBe(404);
    expect((await forms.ask(done.to ?? "", editor)).said).toMatch(/Withdrawn: the link opens nothing any more.*Withdrawn.*withdrawn now/);
  });

  it("that last no allowed time are refused at the field, and nothing is stored", async () => {
    const before = await list();
    for (const days of ["0", "91", "x"]) {
      const { answer } = await make(days);
      expect([days, answer.status, answer.text.includes('id="expires_in_days-wrong"')]).toEqual([days, 400, true]);
    }
    expect(await list()).toEqual(before);
    await make("");
    // Nothing chosen is what the API takes for nothing said: a month.
    expect(await list()).toHaveLength(before.length + 1);
  });

  it("are paged, and shown to viewers without a button", async () => {
    const { said, text } = await forms.ask(path, viewer);
    expect(said).toContain("Link ");
    expect([...text.matchAll(/<button/g)]).toHaveLength(2);
    expect(text).not.toContain("/withdraw");
    expect((await forms.ask(path, viewer, { expires_in_days: "7" })).status).toBe(403);
    const id = (await list())[0]?.id ?? 0;
    expect((await forms.ask(`${path}/${id}/withdraw`, viewer, {})).status).toBe(403);
    expect((await forms.ask(`${path}?after=${id}`, viewer)).text).not.toContain(`>Link ${id}<`);
  });

  it("are no business of another customer, nor of an invoice that is not there", async () => {
    const id = (await list())[0]?.id ?? 0;
    const before = await list();
    for (const at of [path, `${path}/${id}/withdraw`, "/console/invoices/999999/links"]) {
      expect([at, (await forms.ask(at, stranger)).status]).toEqual([at, 404]);
      expect([at, (await forms.ask(at, stranger, { expires_in_days: "7" })).status]).toEqual([at, 404]);
    }
    expect((await forms.ask(`${path}/999999/withdraw`, editor)).status).toBe(404);
    expect((await forms.ask(`${path}/999999/withdraw`, editor, {})).status).toBe(404);
    expect(await list()).toEqual(before);
  });

  it("are reached from the invoice and from the list of all", async () => {
    for (const at of ["/console/invoices", `/console/invoices/${invoiceId}`]) {
      expect((await forms.ask(at, viewer)).text).toContain(`href="${path}"`);
    }
  });
});
