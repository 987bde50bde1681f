import { expect, it } from "vitest";
import { mailDetail } from "../../../src/domain/notify/mail-detail.ts";

it.each([
  ["end of DATA: 554 Access denied: User `arn:aws:iam::123456789012:user/ses` is not authorized", "end of DATA: 554"],
  ["end of DATA: 550 5.7.1 relaying denied from [10.1.2.3]", "end of DATA: 550 5.7.1"],
  ["MAIL FROM: 451", "MAIL FROM: 451"],
  ["250 2.0.0 Ok: queued as 4XyZ on mx1.internal", "250 2.0.0"],
  [
    "HTTP 403 validation_error You can only send testing emails to your own email address (owner@private.example)",
    "HTTP 403 validation_error",
  ],
  ["HTTP 200 daily quota of account 77", "HTTP 200"],
  ["HTTP 301, which is not followed", "HTTP 301, which is not followed"],
  [
    "no recipient taken: ops@example.org (451 4.7.1 (policy) host mx1.internal), second@example.net (550 no)",
    "no recipient taken: ops@example.org (451 4.7.1), second@example.net (550)",
  ],
  ["250, but not to ops@example.org (452 full on disk7.internal)", "250, but not to ops@example.org (452)"],
  ["no answer in time, at end of DATA", "no answer in time, at end of DATA"],
  ["EHLO: the server closed the connection", "EHLO: the server closed the connection"],
  ["out of reach: ECONNREFUSED", "out of reach: ECONNREFUSED"],
])("of %j a customer is shown %j", (detail, shown) => {
  expect(mailDetail(detail)).toBe(shown);
});
