import { parseArgs } from "node:util";
import { answerHelp } from "./help.ts";
import { onEnd } from "./lifetime.ts";
import { faultKinds } from "./notify-sink/faults.ts";
import { heading, lineOf } from "./notify-sink/print.ts";
import { sinkChannels } from "./notify-sink/received.ts";
import { routingKey, startNotifySink } from "./notify-sink/sink.ts";
import { keyOf } from "./notify-sink/webhook.ts";

const usage = `
Usage: npm run notify:sink [-- --port 8789 --smtp-port 2525 --secret whsec_...]

Receives messages of all kinds of channels on this machine, as strictly as the real receivers, and prints a line for each.

  --port        of HTTP (8789; 0: any that is free): /webhook, /services/... (Slack), /v2/enqueue (PagerDuty), /emails
  --smtp-port   of SMTP (2525; 0: any that is free)
  --secret      of a webhook, once or more: its messages are refused where the signature is of none of them
  --help        this

While it runs, with CHANNEL one of ${sinkChannels.join(", ")}, and FAULT one of
${faultKinds.join(", ")}:

  curl -X PUT URL/control/faults/CHANNEL -d '{"fault": "FAULT", "times": 2}'     (ms of slow, retry_after of 429)
  curl -X DELETE URL/control/faults/CHANNEL
  curl -X PUT URL/control/secrets -d '{"secret": "whsec_..."}'
  curl URL/control/messages                                                      (-X DELETE: forget them)
`;

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8789" },
      "smtp-port": { type: "string", default: "2525" },
      secret: { type: "string", multiple: true, default: [] },
    },
  });
  const port = (name: "port" | "smtp-port"): number => {
    if (!/^\d{1,5}$/.test(values[name]) || Number(values[name]) > 65_535) throw new RangeError(`--${name} must be a number, 0 to 65535`);
    return Number(values[name]);
  };
  for (const secret of values.secret)
    if (keyOf(secret) === null) throw new RangeError("--secret must be whsec_ and 24 to 64 bytes in base64");
  return { port: port("port"), smtpPort: port("smtp-port"), secrets: values.secret };
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

answerHelp(usage);
try {
  const sink = await startNotifySink({ ...readOptions(), onMessage: (message) => say(lineOf(message)) });
  onEnd(() => void sink.close().finally(() => process.exit(0)));
  say(`
notify sink: ${sink.url}, mail at ${sink.smtpAddress}. Ctrl-C stops it.

  tranche that sends here   SMTP_URL=smtp+insecure://${sink.smtpAddress} MAIL_FROM=tranche@example.com PAGERDUTY_ENDPOINT=${sink.url} npm start
  channels                  {"name": "a", "kind": "webhook", "url": "${sink.webhookUrl}"}
                            {"name": "b", "kind": "slack", "url": "${sink.slackUrl}"}
                            {"name": "c", "kind": "pagerduty", "routing_key": "${routingKey}"}
                            {"name": "d", "kind": "email", "to": ["you@example.com"]}

${heading}`);
} catch (error) {
  process.stderr.write(`notify sink: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
