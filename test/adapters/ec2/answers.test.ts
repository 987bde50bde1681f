import { describe, expect, it } from "vitest";
import { parseXml, XmlShapeError } from "../../../src/adapters/aws/xml.ts";
import { addressListing, instanceListing, stoppedAt, volumeListing } from "../../../src/adapters/ec2/ec2-api.ts";
import { listAll } from "../../../src/adapters/ec2/listing.ts";

const node = (xml: string) => parseXml(xml)?.node ?? expect.unreachable("not XML");

describe("when an instance was stopped", () => {
  it.each([
    ["User initiated (2026-11-20 10:00:00 GMT)", "2026-11-20T10:00:00Z"],
    ["User initiated (2026-13-20 10:00:00 GMT)", null],
    ["User initiated", null],
    ["Client.UserInitiatedShutdown", null],
    ["", null],
  ])("%j", (reason, at) => {
    expect(stoppedAt(reason)).toBe(at === null ? null : Date.parse(at));
  });
});

describe("an answer", () => {
  it("may be empty", () => {
    expect(addressListing.read(node("<DescribeAddressesResponse><addressesSet/></DescribeAddressesResponse>"))).toEqual({
      items: [],
      next: null,
    });
    expect(volumeListing.read(node("<r><volumeSet/><nextToken></nextToken></r>"))).toEqual({ items: [], next: null });
  });

  it.each([
    [
      "an address without an id",
      () => addressListing.read(node("<r><addressesSet><item><publicIp>1</publicIp></item></addressesSet></r>")),
    ],
    [
      "a volume without a size",
      () => volumeListing.read(node("<r><volumeSet><item><volumeId>v</volumeId><volumeType>gp3</volumeType></item></volumeSet></r>")),
    ],
    [
      "a reservation of nobody",
      () =>
        instanceListing.read(
          node("<r><reservationSet><item><instancesSet><item><instanceId>i</instanceId></item></instancesSet></item></reservationSet></r>"),
        ),
    ],
  ])("is not one with %s", (_, read) => {
    expect(read).toThrow(XmlShapeError);
  });
});

describe("a listing", () => {
  it("ends after so many pages, with what was read", async () => {
    let asked = 0;
    const endless = { action: "DescribeVolumes", page: {}, token: "NextToken", read: () => ({ items: [], next: null }) };
    const listed = await listAll(async () => ({ items: [asked], next: `${(asked += 1)}` }) as never, endless);
    expect(asked).toBe(20);
    expect(listed.problem).toBe("there are more than 20, which is all that is looked at");
  });

  it("is unreadable where it continues where it began", async () => {
    const stuck = { action: "DescribeVolumes", page: {}, token: "NextToken", read: () => ({ items: [1], next: "again" }) };
    const listed = await listAll(async ({ read }) => read({}), stuck);
    expect(listed).toMatchObject({ items: [1], problem: expect.stringContaining("unexpectedly (XmlShapeError)") as string });
  });
});
