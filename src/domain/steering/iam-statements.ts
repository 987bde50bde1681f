export type IamStatement = {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
};

export type IamPolicy = { readonly Version: "2012-10-17"; readonly Statement: readonly IamStatement[] };

/** The most characters of a customer managed policy, white space not counted (IAM quotas). */
export const managedPolicyCharacters = 6_144;

const names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
const types = "route53:ChangeResourceRecordSetsRecordTypes";
const actions = "route53:ChangeResourceRecordSetsActions";

/** The record types of steering, and the actions of its compare-and-set: never UPSERT, which overwrites blindly. */
export const steeredTypes = ["A", "AAAA", "CNAME"];
const steeredActions = ["CREATE", "DELETE"];

/** The names of one zone, which a batch may hold together: one statement has to cover all of them. */
export type Zone = { readonly id: string; readonly entries: readonly string[]; readonly widened: readonly string[] };

export type Arn = (resource: string) => string;

const switching = (index: number, resources: readonly string[], zones: readonly Omit<Zone, "id">[]): IamStatement => {
  const named = { [names]: [...new Set(zones.flatMap(({ entries }) => entries))].toSorted() };
  const rest = { [types]: steeredTypes, [actions]: steeredActions };
  return {
    Sid: `SwitchWeights${index + 1}`,
    Effect: "Allow",
    Action: ["route53:ChangeResourceRecordSets"],
    Resource: resources,
    Condition: {
      ...(zones.every(({ widened }) => widened.length === 0)
        ? { "ForAllValues:StringEquals": { ...named, ...rest } }
        : { "ForAllValues:StringLike": named, "ForAllValues:StringEquals": rest }),
      // ForAllValues is true for a request without the key: that must not bypass the condition.
      Null: { [names]: "false" },
    },
  };
};

const sizeOf = (statements: readonly IamStatement[]): number => JSON.stringify({ Version: "2012-10-17", Statement: statements }).length;
/** The room of a document besides the frame of a switching statement. */
export const roomForNames =
  managedPolicyCharacters -
  sizeOf([switching(9_999, ["arn:aws-us-gov:route53:::hostedzone/".padEnd(70)], [{ entries: [], widened: ["x"] }])]);

const reading = (index: number, resources: readonly string[]): IamStatement => ({
  Sid: `ReadRecords${index === 0 ? "" : index + 1}`,
  Effect: "Allow",
  Action: ["route53:ListResourceRecordSets"],
  Resource: resources,
});

const chunks = <T>(things: readonly T[], most: number): T[][] =>
  Array.from({ length: Math.ceil(things.length / most) }, (_, index) => things.slice(index * most, (index + 1) * most));
const zonesToRead = 80;

/** A statement for each zone. */
export const byZone = (zones: readonly Zone[], arn: Arn): IamStatement[] => {
  const arnOf = ({ id }: Zone) => arn(`hostedzone/${id}`);
  const arns = [...new Set(zones.map(arnOf))];
  return [
    ...chunks(arns, zonesToRead).map((own, index) => reading(index, own)),
    ...zones.map((zone, index) => switching(index, [arnOf(zone)], [zone])),
  ];
};

/** A statement for as many zones as fit, with wildcard resource: the record names imply the zones. */
export const byNames = (zones: readonly Zone[], arn: Arn): IamStatement[] => {
  const groups: { zones: Zone[]; characters: number }[] = [];
  for (const zone of zones) {
    const characters = zone.entries.reduce((sum, entry) => sum + JSON.stringify(entry).length + 1, 0);
    const open = groups.at(-1);
    if (open === undefined || open.characters + characters > roomForNames) groups.push({ zones: [zone], characters });
    else {
      open.zones.push(zone);
      open.characters += characters;
    }
  }
  const anywhere = [arn("hostedzone/*")];
  return [reading(0, anywhere), ...groups.map((group, index) => switching(index, anywhere, group.zones))];
};

/** Packs statements into as few documents as their order allows, each within the size of a managed policy. */
export const documentsOf = (statements: readonly IamStatement[]): IamPolicy[] => {
  const documents: { statements: IamStatement[]; characters: number }[] = [];
  for (const statement of statements) {
    const characters = JSON.stringify(statement).length + 1;
    const roomy = documents.find((document) => document.characters + characters <= managedPolicyCharacters);
    if (roomy === undefined) documents.push({ statements: [statement], characters: sizeOf([]) + characters });
    else {
      roomy.statements.push(statement);
      roomy.characters += characters;
    }
  }
  return documents.map((document) => ({ Version: "2012-10-17", Statement: document.statements }));
};
