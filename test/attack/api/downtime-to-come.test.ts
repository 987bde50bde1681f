import { expect, it } from "vitest";
import { startApi } from "../../support/api.ts";

/** Hole: the downtime of a time to come that is far away was an internal error: it has more microseconds than a number holds exactly. */

it.each(["from=2999-01-01T00:00:00Z", "from=2999-01-01T00:00:00Z&to=2999-02-01T00:00:00Z", "from=9999-12-31T23:59:59Z"])(
  "is none: %s",
  async (query) => {
    const api = await startApi();
    const acme = await api.onboard("acme");
    const service = await api.service(acme.editor);
    const { id } = await api.created(`/v1/services/${service.id}/objectives`, { name: "checkout", target: 99.9 }, { token: acme.editor });
    const answer = await api.call("GET", `/v1/services/${service.id}/objectives/${id}/events?${query}`, { token: acme.viewer });
    expect(answer, answer.text).toMatchObject({ status: 200, body: { events: [] } });
    expect(answer.body["from"]).toBe(answer.body["to"]);
  },
);
