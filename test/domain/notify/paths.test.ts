import { expect, it } from "vitest";
import type { IncidentView } from "../../../src/domain/notify/incident-message.ts";
import { incidentMessage } from "../../../src/domain/notify/incident-message.ts";
import { singleMessage } from "../../../src/domain/notify/single-message.ts";

const incident: IncidentView = {
  id: 42,
  customerId: 1,
  cdn: "cloudflare",
  kind: "storm",
  startedAtMs: 0,
  endedAtMs: null,
  customers: 1,
  total: 0,
  failing: 0,
  recovering: 0,
  onBackup: 0,
  held: 0,
  backupsDown: 0,
  services: [],
};
const about = { kind: "storm.started", severity: "critical", action: "trigger", thread: "incident:42", occurredAtMs: 0 } as const;
const failing = {
  id: 7,
  customerId: 1,
  serviceId: null,
  stormId: null,
  kind: "channel.failing",
  subject: "channel:4",
  facts: { channelId: 4 },
  occurredAtMs: 0,
} as const;
const told = { ...about, kind: "channel.failing" } as const;

it("a message leads to where its reader may look", () => {
  expect(incidentMessage(incident, about, null, 0).path).toBe("/v1/incidents/42");
  expect(incidentMessage({ ...incident, customerId: null }, about, null, 0).path).toBe("/v1/operator/incidents/42");
  expect(singleMessage([failing], told, null).path).toBe("/v1/channels/4");
  expect(singleMessage([{ ...failing, customerId: null }], told, null).path).toBe("/v1/operator/channels/4");
});
