import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Lookup } from "../../adapters/ports/steering/resolver.ts";
import { isPublicAddress } from "../../domain/detection/address.ts";
import type { Whereabouts } from "../../domain/detection/target.ts";
import { whereaboutsOf } from "../../domain/detection/target.ts";

/** Null: no answer. `private`: the first of its addresses that is not public. */
export type Located = { readonly addresses: Whereabouts | null; readonly private: string | null };

/** The addresses of a host by every resolver, CNAMEs followed. */
export const locate = async (lookup: Lookup, host: string, budget: Budget): Promise<Located> => {
  const readings = (await Promise.all([lookup.lookup(host, "A", budget), lookup.lookup(host, "AAAA", budget)])).flat();
  const answers = readings.map((reading) => (reading.status === "answered" ? reading.answers : null));
  return {
    addresses: whereaboutsOf(answers),
    private: answers.flatMap((own) => own ?? []).find((address) => !isPublicAddress(address)) ?? null,
  };
};
