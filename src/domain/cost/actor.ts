import { fieldOf, textAt, textOf } from "./fields.ts";

/**
 * The role of a session by the session's own name, `arn:aws:sts::123456789012:assumed-role/Deploy/build-17`: its path is not known.
 */
const roleOfSession = (arn: string | null): string | null => {
  const [, partition, account, role] = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn ?? "") ?? [];
  return role === undefined ? null : `arn:${partition}:iam::${account}:role/${role}`;
};

const named = (prefix: string, name: string | null): string | null => (name === null ? null : `${prefix}:${name}`);

/**
 * Who acted, by the `userIdentity` of a CloudTrail record, as a name that stays the same: of a session its role, as session names change
 * with every build, and each would be somebody new. Null: the record does not say.
 */
export const actorOf = (identity: unknown): string | null => {
  const at = (path: string): string | null => textAt(identity, path);
  const arn = at("arn");
  switch (fieldOf(identity, "type")) {
    case "AssumedRole":
      return at("sessionContext.sessionIssuer.arn") ?? roleOfSession(arn);
    case "FederatedUser":
      return at("sessionContext.sessionIssuer.arn") ?? arn;
    case "Root":
      return named("root", at("accountId"));
    case "AWSService":
      return at("invokedBy");
    case "AWSAccount":
      return named("account", at("accountId"));
    case "IdentityCenterUser":
      return named("identity-center", at("onBehalfOf.userId"));
    case "SAMLUser":
    case "WebIdentityUser":
      return named(at("identityProvider") ?? "federated", at("userName"));
    case "Directory":
      return named("directory", at("userName"));
    // IAMUser, Role and whatever AWS adds, each with a name of its own; Unknown has none.
    default:
      return arn ?? textOf(fieldOf(identity, "invokedBy"));
  }
};
