import { getDomain } from "tldts";

/** The registrable domain that a name lies in; the name itself where there is none. */
export const siteOf = (name: string): string => getDomain(name.replace(/^\*\./, ""), { allowPrivateDomains: true }) ?? name;
