import { describe, expect, it } from "vitest";
import type { Sent } from "../../local/drill/messages/judge.ts";
import { judgeMessages } from "../../local/drill/messages/judge.ts";
import type { Received } from "../../local/notify-sink/received.ts";

const trigger: Sent = { channel: "webhook", id: 1, thread: "incident:1", seq: 1, title: "failing" };
const resolve: Sent = { channel: "webhook", id: 2, thread: "incident:1", seq: 2, title: "well" };
const sent: readonly Sent[] = [
  trigger,
  resolve,
  { ...trigger, id: 3, channel: "slack" },
  { ...trigger, id: 4, channel: "pagerduty" },
  { ...trigger, id: 5, channel: "email" },
];

const arrived = ({ channel, id, thread, title }: Sent): Received => ({
  channel,
  title,
  id: channel === "webhook" ? `msg_${id}` : `digest of ${id}`,
  thread: channel === "webhook" || channel === "pagerduty" ? thread : null,
  action: null,
  severity: null,
  text: "",
  atMs: 0,
  taken: true,
  answered: "200",
  repeated: false,
  wrong: [],
  verified: channel === "webhook" ? true : null,
});
const received = sent.map(arrived);
const [first = expect.fail(), second = expect.fail(), slack = expect.fail()] = received;

describe("messages", () => {
  it("that all came once, in their order, are well", () => {
    expect(judgeMessages(sent, received)).toEqual([]);
    expect(
      judgeMessages(
        sent,
        received.toReversed().toSorted((a, b) => Number(b.title === "failing") - Number(a.title === "failing")),
      ),
      "of other channels in any order",
    ).toEqual([]);
  });

  it.each([
    ["missing", sent, [second, ...received.slice(2)], ['webhook "failing" is missing']],
    ["twice under one id", sent, [first, ...received], ['webhook "failing" came twice']],
    ["twice without an id", sent, [slack, ...received], ['slack "failing" came twice']],
    ["never sent", sent.slice(1), received, ['webhook "failing" was not sent']],
    ["out of order", sent, [second, first, ...received.slice(2)], ['webhook "well" came out of order']],
    [
      "not verified",
      sent,
      [{ ...first, verified: false }, ...received.slice(1)],
      ['webhook "failing" has a signature that does not verify'],
    ],
    [
      "wrong",
      sent,
      [...received.slice(0, 4), { ...arrived(sent[4] ?? trigger), wrong: ["there is a Bcc"] }],
      ['email "failing" there is a Bcc'],
    ],
    [
      "of another thread",
      sent,
      [{ ...first, thread: "incident:2" }, ...received.slice(1)],
      ['webhook "failing" is missing', 'webhook "failing" was not sent'],
    ],
  ])("%s are named", (_, those, came, faults) => {
    expect(judgeMessages(those, came).toSorted()).toEqual(faults.toSorted());
  });
});
