import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import type { Cell, Tone } from "../text.ts";
import { table } from "../text.ts";

type Account = Result<"GET /v1/cost/accounts">[number];
type Finding = Result<"POST /v1/cost/accounts/{id}/check">["checks"][number];

const placeOf = ({ bucket, prefix }: Account): string => (bucket === null ? "-" : `s3://${bucket}/${prefix}`);

export const costAccounts: Command = {
  name: "cost accounts",
  summary: "shows the AWS accounts whose costs are watched, and what is wrong with them",
  run: async (call) => {
    const { client } = await call.session();
    const all: Account[] = [];
    for await (const one of client.each("GET /v1/cost/accounts")) all.push(one);
    const rows = all.map((one): Cell[] => [
      String(one.id),
      one.name,
      one.role_arn ?? one.access_key_id ?? "",
      placeOf(one),
      one.aws_accounts.join(" "),
      one.last_read_at ?? "never",
      one.last_error === null ? { text: "-", tone: "good" } : { text: one.last_error, tone: "bad" },
    ]);
    const head = ["ID", "NAME", "BY", "TRAIL", "AWS ACCOUNTS", "LAST READ", "WRONG"];
    call.answer(
      all,
      rows.length === 0
        ? ["no accounts yet: POST /v1/cost/accounts makes one, docs/iam.md says what it needs"]
        : table(call.paint, head, rows),
    );
    return all.some((one) => one.last_error !== null) ? exit.wrong : exit.ok;
  },
};

const tones: Readonly<Record<Finding["result"], Tone>> = { pass: "good", warn: "uneasy", fail: "bad", unproven: "uneasy" };

export const costCheck: Command = {
  name: "cost check",
  summary: "tries what an AWS account is for, and says what is missing",
  operands: "ACCOUNT",
  count: [1, 1],
  run: async (call) => {
    const [text = ""] = call.operands;
    if (!/^[1-9]\d{0,14}$/.test(text)) throw usageError(`ACCOUNT must be an id, as tranche cost accounts shows it: "${text}"`);
    const { client } = await call.session();
    const checked = await client.request("POST /v1/cost/accounts/{id}/check", { path: { id: Number(text) } });
    const lines = checked.checks.flatMap(({ check, about, result, detail, mend }) => [
      `${call.paint(tones[result], result.padEnd(8))} ${check}${about === null ? "" : ` of ${about}`}: ${detail}`,
      ...(mend === null ? [] : [`         ${mend}`]),
    ]);
    call.answer(checked, lines);
    return checked.result === "fail" ? exit.wrong : exit.ok;
  },
};
