import { XMLParser } from "fast-xml-parser";
import type { Sent } from "./support.ts";

const xml = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true, // &#x9; and a bare tab are one text
});

/** What of a request carries its meaning. */
export const essence = ({ method, path, query, body, headers }: Sent) => ({
  method,
  path,
  query,
  body: body === "" ? null : (xml.parse(body) as unknown),
  type: body === "" ? null : headers["content-type"],
  scope: headers["authorization"]?.match(/Credential=([^,]*),/)?.[1]?.replace(/\/\d{8}\//, "/date/"),
});
