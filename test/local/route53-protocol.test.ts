import { GetHostedZoneCommand, ListHostedZonesCommand, ListResourceRecordSetsCommand } from "@aws-sdk/client-route-53";
import { AwsClient } from "aws4fetch";
import { describe, expect, it } from "vitest";
import type { Fault } from "../../local/route53/faults.ts";
import type { Route53Options, Route53Server } from "../../local/route53/server.ts";
import { change, CREDENTIALS, failure, sdkClient, startTestServer, weighted, zoneId } from "./route53-client.ts";

async function withServer(options: Partial<Route53Options>, run: (server: Route53Server) => Promise<void>) {
  const server = await startTestServer(options);
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

const list = (server: Route53Server, credentials = CREDENTIALS) => sdkClient(server.url, credentials).send(new ListHostedZonesCommand({}));

describe("signatures", () => {
  it("refuses a wrong secret, a foreign key and a foreign or missing session token", () =>
    withServer({ sessionToken: "token" }, async (server) => {
      const keys = { ...CREDENTIALS, sessionToken: "token" };
      await list(server, keys);
      const wrong = await failure(list(server, { ...keys, secretAccessKey: "wrong" }));
      expect(wrong.name).toBe("SignatureDoesNotMatch");
      expect(wrong.message).toMatch(/^The request signature we calculated does not match/);
      expect(wrong.$metadata).toMatchObject({ httpStatusCode: 403 });
      for (const foreign of [CREDENTIALS, { ...keys, sessionToken: "other" }, { ...keys, accessKeyId: "AKIDOTHER" }]) {
        expect((await failure(list(server, foreign))).name).toBe("InvalidClientTokenId");
      }
    }));

  it("refuses a date more than five minutes off, either way", async () => {
    const cases = [
      [301_000, /^Signature expired: /],
      [-305_000, /^Signature not yet current: /],
    ] as const;
    for (const [offsetMs, text] of cases) {
      await withServer({ now: () => Date.now() + offsetMs }, async (server) => {
        const error = await failure(list(server));
        expect(error.name).toBe("SignatureDoesNotMatch");
        expect(error.message).toMatch(text);
      });
    }
    await withServer({ now: () => Date.now() + 240_000 }, async (server) => {
      await list(server);
    });
  });

  it("refuses another region, another service and a changed body, query or header", () =>
    withServer({}, async (server) => {
      const url = `${server.url}/2013-04-01/hostedzonesbyname?dnsname=b&maxitems=2`;
      const sign = (more: object = {}, init: RequestInit = {}) =>
        new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "route53", ...more }).sign(url, init);
      const code = async (target: string, headers: Headers, init: RequestInit = {}) => {
        const answer = await fetch(target, { ...init, headers });
        return [answer.status, /<Code>(.*)<\/Code>/.exec(await answer.text())?.[1]];
      };
      expect(await code(url, (await sign()).headers)).toEqual([200, undefined]);
      const foreign = await fetch(url, await sign({ region: "eu-west-1", service: "s3" }));
      expect([foreign.status, await foreign.text()]).toEqual([
        403,
        expect.stringContaining(
          "<Code>SignatureDoesNotMatch</Code><Message>" +
            "Credential should be scoped to a valid region, not 'eu-west-1'. " +
            "Credential should be scoped to correct service: 'route53'. </Message>",
        ),
      ]);
      expect(await code(url.replace("b", "c"), (await sign()).headers)).toEqual([403, "SignatureDoesNotMatch"]);
      expect(await code(url.replace("=2", "=3"), (await sign()).headers)).toEqual([403, "SignatureDoesNotMatch"]);
      const post = (await sign({}, { method: "POST", body: "a" })).headers;
      expect(await code(url, post, { method: "POST", body: "b" })).toEqual([403, "SignatureDoesNotMatch"]);
      const smuggled = (await sign()).headers;
      smuggled.set("x-amz-meta", "unsigned");
      expect(await code(url, smuggled)).toEqual([403, "SignatureDoesNotMatch"]);
      expect(await code(url, new Headers())).toEqual([403, "MissingAuthenticationToken"]);
      const half = new Headers({ authorization: "AWS4-HMAC-SHA256 Credential=AKIDLOCAL/1/2/3/aws4_request" });
      expect(await code(url, half)).toEqual([403, "IncompleteSignature"]);
    }));

  it("accepts another signer's encodings, and answers an unknown path in XML", () =>
    withServer({}, async (server) => {
      const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "route53" });
      const url = new URL(`${server.url}/2013-04-01/hostedzone/${zoneId(server)}/rrset`);
      url.searchParams.set("name", "*.example.com");
      url.searchParams.set("type", "TXT");
      url.searchParams.set("identifier", "a b+c'ü&=/");
      expect((await client.fetch(url)).status).toBe(200);
      const unknown = await client.fetch(`${server.url}/2013-04-01/nothing`);
      expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining("UnknownOperation")]);
    }));
});

describe("the change document", () => {
  const document = (inner: string, root = "ChangeResourceRecordSetsRequest") =>
    `<${root} xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${inner}</${root}>`;
  const set = (fields: string, action = "CREATE") =>
    document(
      "<ChangeBatch><Changes><Change>" +
        `<Action>${action}</Action><ResourceRecordSet>${fields}</ResourceRecordSet></Change></Changes></ChangeBatch>`,
    );
  const name = "<Name>a.example.com</Name><Type>A</Type>";
  const records = "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>";

  it.each<[string, string, string]>([
    ["nothing", "", "MalformedInput"],
    ["no XML", "hello", "MalformedInput"],
    ["an open element", document("<ChangeBatch>").replace("</Ch", "<Ch"), "MalformedInput"],
    ["a foreign root", document("", "ChangeBatch"), "MalformedInput"],
    ["no changes", document("<ChangeBatch><Changes></Changes></ChangeBatch>"), "MalformedInput"],
    ["an unknown entity", set(`<Name>&nbsp;.example.com</Name><Type>A</Type><TTL>1</TTL>${records}`), "MalformedInput"],
    ["no namespace", set(`${name}<TTL>1</TTL>${records}`).replace(/ xmlns="[^"]*"/, ""), "InvalidInput"],
    ["an unknown element", set(`${name}<TTL>1</TTL>${records}<Colour>red</Colour>`), "InvalidInput"],
    ["a field twice", set(`${name}${records}<TTL>1</TTL><TTL>1</TTL>`), "InvalidInput"],
    ["a missing name", set(`<Type>A</Type><TTL>1</TTL>${records}`), "InvalidInput"],
    ["an unknown action", set(`${name}<TTL>1</TTL>${records}`, "REPLACE"), "InvalidInput"],
    ["a TTL in words", set(`${name}<TTL>one</TTL>${records}`), "MalformedInput"],
  ])("with %s is refused", (_what, body, code) =>
    withServer({}, async (server) => {
      const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "route53" });
      const path = `${server.url}/2013-04-01/hostedzone/${zoneId(server)}/rrset/`;
      const answer = await client.fetch(path, { method: "POST", body, headers: { "content-type": "application/xml" } });
      const text = await answer.text();
      expect(text).toContain(`<Code>${code}</Code>`);
      expect(answer.status).toBe(400);
      expect(text).toContain('<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>');
      expect(server.changes).toEqual([]);
      expect(server.requests[0]).toMatchObject({ method: "POST", body, status: 400 });
    }),
  );

  it("is accepted at the path with and without trailing slash", () =>
    withServer({}, async (server) => {
      const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "route53" });
      for (const [suffix, host] of [
        ["", "a"],
        ["/", "b"],
      ]) {
        const path = `${server.url}/2013-04-01/hostedzone/${zoneId(server)}/rrset${suffix}`;
        const body = set(`<Name>${host}&#x2E;example.com</Name><Type>A</Type><TTL>1</TTL>${records}`);
        expect((await client.fetch(path, { method: "POST", body })).status).toBe(200);
      }
      expect(server.records(zoneId(server)).length).toBe(4);
    }));

  it("can be refused in the older form, one Message element per fault", () =>
    withServer({ changeBatchErrorShape: "messages" }, async (server) => {
      const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "route53" });
      const path = `${server.url}/2013-04-01/hostedzone/${zoneId(server)}/rrset`;
      const answer = await client.fetch(path, { method: "POST", body: set(`${name}<TTL>1</TTL>${records}`, "DELETE") });
      expect(await answer.text()).toContain(
        '<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>' +
          "Tried to delete resource record set [name='a.example.com.', type='A'] but it was not found" +
          "</Message></Messages>",
      );
    }));
});

describe("throttling", () => {
  it("answers Throttling above the burst and recovers at the sustained rate", async () => {
    let offsetMs = 0;
    const startMs = Date.now();
    await withServer({ requestsPerSecond: 2, burst: 3, now: () => startMs + offsetMs }, async (server) => {
      for (let request = 0; request < 3; request += 1) await list(server);
      const error = await failure(list(server));
      expect(error).toMatchObject({ name: "Throttling", message: "Rate exceeded" });
      expect(error.$metadata).toMatchObject({ httpStatusCode: 400 });
      offsetMs = 499;
      expect((await failure(list(server))).name).toBe("Throttling");
      offsetMs = 1000;
      await list(server);
      await list(server);
      expect((await failure(list(server))).name).toBe("Throttling");
      expect(server.requests.map(({ status }) => status)).toEqual([200, 200, 200, 400, 400, 200, 200, 400]);
    });
  });
});

describe("injected faults", () => {
  const create = (server: Route53Server) =>
    change(sdkClient(server.url), zoneId(server), [{ Action: "CREATE", ResourceRecordSet: weighted("primary", 100) }]);

  it.each<[Fault["kind"], string, number]>([
    ["throttle", "Throttling", 400],
    ["access-denied", "AccessDenied", 403],
    ["prior-request-not-complete", "PriorRequestNotComplete", 400],
  ])("%s is an error that the client understands, with nothing applied", (kind, name, status) =>
    withServer({}, async (server) => {
      server.setFault({ kind });
      const error = await failure(create(server));
      expect(error.name).toBe(name);
      expect(error.$metadata).toMatchObject({ httpStatusCode: status });
      expect(server.changes).toEqual([]);
      server.setFault(null);
      await create(server);
    }),
  );

  it("server-error is a 500 in HTML; reset is a broken connection; nothing applied", () =>
    withServer({}, async (server) => {
      server.setFault({ kind: "server-error" });
      expect((await failure(create(server))).$metadata).toMatchObject({ httpStatusCode: 500 });
      server.setFault({ kind: "reset" });
      expect((await failure(create(server))).code).toBe("ECONNRESET");
      expect(server.changes).toEqual([]);
      expect(server.requests.map(({ status }) => status)).toEqual([500, null]);
    }));

  it.each<Fault["kind"]>(["truncated-xml", "reset-after-apply"])("%s loses the answer of an applied change", (kind) =>
    withServer({}, async (server) => {
      server.setFault({ kind });
      await failure(create(server));
      expect(server.changes.length).toBe(1);
    }),
  );

  it("hang-after-apply never answers, and does not keep the server from closing", () =>
    withServer({}, async (server) => {
      server.setFault({ kind: "hang-after-apply" });
      const pending = failure(create(server));
      while (server.changes.length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(server.requests[0]?.status).toBeNull();
      await server.close();
      expect((await pending).code).toBe("ECONNRESET");
    }));

  it("hits only the operations named, only so often", () =>
    withServer({}, async (server) => {
      server.setFault({ kind: "throttle", operations: ["GetHostedZone"], times: 1 });
      const client = sdkClient(server.url);
      await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId(server) }));
      const get = () => client.send(new GetHostedZoneCommand({ Id: zoneId(server) }));
      expect((await failure(get())).name).toBe("Throttling");
      await get();
    }));
});
