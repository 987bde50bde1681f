import { invalidInput } from "./api-error.ts";
import type { CidrRoutingConfig, GeoLocation, GeoProximityLocation, RecordSet } from "./record-set.ts";
import { constraint, integer, lengthChecked, structure } from "./request-fields.ts";
import type { Markup, XmlElement } from "./xml.ts";
import { element } from "./xml.ts";

/** The fields of routing by place, of a resource record set of a request. Throws ApiError. */
export function parsePlaces(
  fields: ReadonlyMap<string, XmlElement>,
): Pick<RecordSet, "geoLocation" | "geoProximityLocation" | "cidrRoutingConfig"> {
  const [geo, proximity, cidr] = ["GeoLocation", "GeoProximityLocation", "CidrRoutingConfig"].map((name) => fields.get(name));
  return {
    ...(geo && { geoLocation: parseGeoLocation(geo) }),
    ...(proximity && { geoProximityLocation: parseProximity(proximity) }),
    ...(cidr && { cidrRoutingConfig: parseCidr(cidr) }),
  };
}

function parseGeoLocation(geo: XmlElement): GeoLocation {
  const parts = structure(geo, ["ContinentCode", "CountryCode", "SubdivisionCode"], []);
  const [continent, country, subdivision] = ["ContinentCode", "CountryCode", "SubdivisionCode"].map((name) => parts.get(name)?.text);
  if ((continent === undefined) === (country === undefined))
    throw invalidInput("Invalid request: Expected exactly one of [ContinentCode, CountryCode] in GeoLocation");
  if (continent !== undefined && !["AF", "AN", "AS", "EU", "OC", "NA", "SA"].includes(continent))
    throw invalidInput(`Invalid continent code: ${continent}`);
  if (country !== undefined && !/^(\*|[A-Z]{2})$/.test(country)) throw invalidInput(`Invalid country code: ${country}`);
  if (subdivision !== undefined && (country === undefined || country === "*")) throw invalidInput("SubdivisionCode requires CountryCode.");
  return {
    ...(continent !== undefined && { continentCode: continent }),
    ...(country !== undefined && { countryCode: country }),
    ...(subdivision !== undefined && { subdivisionCode: lengthChecked(subdivision, 3, "geoLocation.subdivisionCode") }),
  };
}

function parseProximity(proximity: XmlElement): GeoProximityLocation {
  const parts = structure(proximity, ["AWSRegion", "LocalZoneGroup", "Coordinates", "Bias"], []);
  const places = ["AWSRegion", "LocalZoneGroup", "Coordinates"].filter((name) => parts.has(name));
  if (places.length !== 1)
    throw invalidInput("Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, Coordinates] in GeoProximityLocation");
  const [region, group, coordinates, bias] = ["AWSRegion", "LocalZoneGroup", "Coordinates", "Bias"].map((name) => parts.get(name));
  return {
    ...(region && { awsRegion: lengthChecked(region.text, 64, "geoProximityLocation.aWSRegion") }),
    ...(group && { localZoneGroup: lengthChecked(group.text, 64, "geoProximityLocation.localZoneGroup") }),
    ...(coordinates && { coordinates: parseCoordinates(coordinates) }),
    ...(bias && { bias: integer(bias, 99, "geoProximityLocation.bias", -99) }),
  };
}

function parseCoordinates(coordinates: XmlElement): { latitude: string; longitude: string } {
  const parts = structure(coordinates, ["Latitude", "Longitude"], ["Latitude", "Longitude"]);
  const read = (name: string, limit: number) => {
    const text = parts.get(name)?.text ?? "";
    if (/^[-+]?\d{1,3}(\.\d{1,2})?$/.test(text) && Math.abs(Number(text)) <= limit) return text;
    throw constraint(
      text,
      `geoProximityLocation.coordinates.${name.toLowerCase()}`,
      `Member must be a number of at most two decimals up to ${limit}`,
    );
  };
  return { latitude: read("Latitude", 90), longitude: read("Longitude", 180) };
}

function parseCidr(cidr: XmlElement): CidrRoutingConfig {
  const parts = structure(cidr, ["CollectionId", "LocationName"], ["CollectionId", "LocationName"]);
  const [collectionId, locationName] = ["CollectionId", "LocationName"].map((name) => parts.get(name)?.text ?? "");
  if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(collectionId ?? ""))
    throw constraint(collectionId ?? "", "cidrRoutingConfig.collectionId", "Member must be a UUID");
  if (!/^[0-9A-Za-z_\-*]{1,16}$/.test(locationName ?? ""))
    throw constraint(
      locationName ?? "",
      "cidrRoutingConfig.locationName",
      "Member must satisfy regular expression pattern: [0-9A-Za-z_\\-\\*]+",
    );
  return { collectionId: collectionId ?? "", locationName: locationName ?? "" };
}

/** What `parsePlaces` has read, as listings have it. */
export function renderPlaces({ geoLocation, geoProximityLocation, cidrRoutingConfig }: RecordSet): { geo: Markup[]; rest: Markup[] } {
  const optional = (name: string, value: string | number | undefined) => (value === undefined ? [] : [element(name, value)]);
  const geo =
    geoLocation &&
    element("GeoLocation", [
      ...optional("ContinentCode", geoLocation.continentCode),
      ...optional("CountryCode", geoLocation.countryCode),
      ...optional("SubdivisionCode", geoLocation.subdivisionCode),
    ]);
  const place = geoProximityLocation;
  const proximity =
    place &&
    element("GeoProximityLocation", [
      ...optional("AWSRegion", place.awsRegion),
      ...optional("LocalZoneGroup", place.localZoneGroup),
      ...(place.coordinates
        ? [element("Coordinates", [element("Latitude", place.coordinates.latitude), element("Longitude", place.coordinates.longitude)])]
        : []),
      ...optional("Bias", place.bias),
    ]);
  const cidr =
    cidrRoutingConfig &&
    element("CidrRoutingConfig", [
      element("CollectionId", cidrRoutingConfig.collectionId),
      element("LocationName", cidrRoutingConfig.locationName),
    ]);
  return { geo: geo ? [geo] : [], rest: [cidr ?? [], proximity ?? []].flat() };
}
