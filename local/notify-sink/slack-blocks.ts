import type { JsonObject } from "./request.ts";
import { isObject, isTextOf } from "./request.ts";

/** Limits of Block Kit (docs.slack.dev/reference/block-kit/blocks). */
const maxBlocks = 50;

type Allowed = { readonly types: readonly string[]; readonly max: number };

const judgeText = (where: string, value: unknown, { types, max }: Allowed): readonly string[] => {
  if (!isObject(value)) return [`${where} is no text object`];
  const { type, text } = value;
  return [
    ...(types.includes(String(type)) ? [] : [`${where} is of type ${String(type)}, not ${types.join(" or ")}`]),
    ...(isTextOf(text, 1, max) ? [] : [`${where} has not 1 to ${max} characters`]),
    ...(type === "mrkdwn" && "emoji" in value ? [`${where}: emoji is for plain_text`] : []),
    ...(type === "plain_text" && "verbatim" in value ? [`${where}: verbatim is for mrkdwn`] : []),
  ];
};

const anyText = ["plain_text", "mrkdwn"] as const;

const judgeSection = (where: string, { text, fields }: JsonObject): readonly string[] => [
  ...(text === undefined && fields === undefined ? [`${where} has neither text nor fields`] : []),
  ...(text === undefined ? [] : judgeText(`${where}.text`, text, { types: anyText, max: 3_000 })),
  ...(fields === undefined
    ? []
    : !Array.isArray(fields) || fields.length === 0 || fields.length > 10
      ? [`${where}.fields are not 1 to 10`]
      : fields.flatMap((field, index) => judgeText(`${where}.fields[${index}]`, field, { types: anyText, max: 2_000 }))),
];

const judgeContext = (where: string, { elements }: JsonObject): readonly string[] =>
  !Array.isArray(elements) || elements.length === 0 || elements.length > 10
    ? [`${where}.elements are not 1 to 10`]
    : elements.flatMap((element, index) =>
        isObject(element) && element["type"] === "image"
          ? []
          : judgeText(`${where}.elements[${index}]`, element, { types: anyText, max: 3_000 }),
      );

/** Types of a message that are not looked into. */
const others: ReadonlySet<unknown> = new Set(["actions", "divider", "file", "image", "markdown", "rich_text", "table", "video"]);

const judgeBlock = (block: unknown, index: number): readonly string[] => {
  const where = `blocks[${index}]`;
  if (!isObject(block)) return [`${where} is no object`];
  const { type, block_id: id } = block;
  const ofId = id === undefined || isTextOf(id, 1, 255) ? [] : [`${where}.block_id has not 1 to 255 characters`];
  if (type === "header") return [...ofId, ...judgeText(`${where}.text`, block["text"], { types: ["plain_text"], max: 150 })];
  if (type === "section") return [...ofId, ...judgeSection(where, block)];
  if (type === "context") return [...ofId, ...judgeContext(where, block)];
  return others.has(type) ? ofId : [...ofId, `${where} is of the unknown type ${String(type)}`];
};

/** @returns what is wrong with the blocks of a message */
export const judgeBlocks = (blocks: unknown): readonly string[] => {
  if (!Array.isArray(blocks)) return ["blocks are no list"];
  return [...(blocks.length > maxBlocks ? [`there are more than ${maxBlocks} blocks`] : []), ...blocks.flatMap(judgeBlock)];
};
