/** What the operations of a tag are about. A tag that is missing here has its name alone. */
const about: Readonly<Record<string, string>> = {
  health: "Whether the API answers, for load balancers and monitoring",
  customers: "The tenants of an installation, with their quotas and terms",
  tokens: "Credentials of customers and of admins",
  accounts: "People who sign in to the console with a mail address and a password, on self-hosted installations",
  services: "What is insured: a pair of CDNs with domains behind it",
  domains: "The names of a service, the proof that they are yours, and their records",
  "storm-policies": "When a CDN counts as down, and what is covered then",
  availability: "What the probes measured",
  "probe-agents": "Processes elsewhere that probe: vantages of their own, which decide nothing",
  storms: "Collapses of a CDN, with their evidence",
  routing: "Where visitors are sent, and the means to hold it there",
  usage: "What each side delivered, as it is billed",
  invoices: "Bills, and how each line was computed",
  operation: "For who runs an installation",
  "audit-log": "Who changed what",
  telemetry: "How many installations are in use",
  docs: "This description, as a page",
  notifications: "Channels, and what was told by them",
  objectives: "What is promised of a service, and how it is kept",
  "slo-corrections": "Time that no objective counts",
  digests: "Each week in short",
  "status-page": "What the public is told",
  cost: "What CDNs and the cloud cost, what is odd of it, and what idles",
};

type Tag = { readonly name: string; readonly description?: string };

/** The tags of a document, in the order in which its operations use them. */
export const tagsOf = (operations: readonly { readonly tags?: readonly string[] }[]): readonly Tag[] =>
  [...new Set(operations.flatMap(({ tags = [] }) => tags))].map((name) => {
    const description = about[name];
    return description === undefined ? { name } : { name, description };
  });
