import type { Client, Result } from "../src/client/client.ts";
import { CommandError, exit } from "./exit.ts";
import type { Session } from "./session.ts";
import type { Tone } from "./text.ts";

export type FleetService = Result<"GET /v1/fleet">[number];

/** All that the token may see, those in trouble first. */
export const fleetOf = async ({ client }: Session): Promise<FleetService[]> => {
  const services: FleetService[] = [];
  for await (const service of client.each("GET /v1/fleet")) services.push(service);
  return services;
};

export type Found = { readonly service: FleetService; /** Asks for the customer that it belongs to. */ readonly client: Client };

/**
 * A service by its id or, where that is none, by its name.
 * @throws CommandError where there is none, or several are called so
 */
export const findService = async (session: Session, named: string): Promise<Found> => {
  const services = await fleetOf(session);
  const byId = services.filter(({ service_id }) => String(service_id) === named);
  const found = byId.length > 0 ? byId : services.filter(({ name }) => name === named);
  const [service] = found;
  if (service === undefined) throw new CommandError(exit.wrong, `there is no service "${named}": tranche services lists them`);
  if (found.length > 1)
    throw new CommandError(
      exit.usage,
      `several services are called "${named}": name one by its id, ${found.map((one) => `${one.service_id} (of ${one.customer_name})`).join(", ")}`,
    );
  return { service, client: session.as(service.customer_id) };
};

const bad: readonly string[] = ["held", "failing", "silent", "contested"];

export const toneOf = (trouble: string): Tone => (trouble === "none" ? "good" : bad.includes(trouble) ? "bad" : "uneasy");
