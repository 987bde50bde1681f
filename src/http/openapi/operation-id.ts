type Addressed = {
  readonly method: string;
  readonly path: string;
  /** Whether a success answers a list. */
  readonly isList: boolean;
};

const isParameter = (segment: string): boolean => segment.startsWith("{");
const isPlural = (word: string): boolean => word.endsWith("s") && !/(?:ss|us)$/.test(word);
const singular = (word: string): string => (isPlural(word) ? word.replace(/ies$/, "y").replace(/s$/, "") : word);

/** `storm-policy` as `StormPolicy`. */
const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join("");

/** What a path speaks of: each resource in the singular where one of it is named. */
const nounsOf = (segments: readonly string[]): string[] =>
  segments.flatMap((segment, at) => {
    if (isParameter(segment)) return [];
    return [isParameter(segments[at + 1] ?? "") ? singular(segment) : segment];
  });

/** `rotate-secret` of a channel as `rotateChannelSecret`. */
const action = (words: string, of: readonly string[]): string => {
  const [verb = "", ...rest] = words.split("-");
  return verb + pascal([...of, ...rest].join("-"));
};

/**
 * The name of an operation for generated clients, by its method and path alone, so that it lasts as long as they do:
 * `listServices`, `createServiceDomain`, `approveCorrection`. A POST on a plural creates one of it, on any other word it
 * does that. A route whose path reads otherwise names itself.
 */
export const operationIdOf = ({ method, path, isList }: Addressed): string => {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== "v1");
  const nouns = nounsOf(segments);
  const named = (verb: string, words: readonly string[] = nouns) => verb + pascal(words.join("-"));
  const last = nouns.at(-1) ?? "";
  const before = nouns.slice(0, -1);
  switch (method) {
    case "get":
      return named(isList ? "list" : "get");
    case "post":
      return isPlural(last) ? named("create", [...before, singular(last)]) : action(last, before);
    case "put":
      return named("set");
    case "patch":
      return named("update");
    default:
      return named(method);
  }
};
