import { canonicalJson } from "./canonical-json.ts";

/** SHA-256 of a text as UTF-8, lower-case hex. */
export type Sha256 = (text: string) => Promise<string>;

/** The input of a leaf's hash: the head of one service's chain. */
export const leafText = (head: { readonly serviceId: number; readonly seq: number; readonly hash: string }): string =>
  `tranche evidence leaf, version 1\n${canonicalJson({ hash: head.hash, seq: head.seq, service_id: head.serviceId })}`;

/** The input of a node's hash. Leaves have another prefix: neither can be mistaken for the other. */
export const nodeText = (left: string, right: string): string => `tranche evidence node, version 1\n${left}\n${right}`;

/** `paths`: each leaf's sibling hashes, from the leaf up; levels without a sibling are skipped. */
export type Tree = { readonly root: string; readonly paths: readonly (readonly string[])[] };

/** A Merkle tree over at least one leaf; a node without a sibling is promoted unchanged. @throws RangeError for no leaves */
export const treeOf = async (leaves: readonly string[], sha256: Sha256): Promise<Tree> => {
  const paths: string[][] = leaves.map(() => []);
  let level = leaves;
  for (let height = 0; level.length > 1; height += 1) {
    for (const [place, path] of paths.entries()) {
      const beside = level[(place >> height) ^ 1];
      if (beside !== undefined) path.push(beside);
    }
    const below = level;
    level = await Promise.all(
      Array.from({ length: Math.ceil(below.length / 2) }, async (_, at) => {
        const [left = "", right] = below.slice(2 * at, 2 * at + 2);
        return right === undefined ? left : await sha256(nodeText(left, right));
      }),
    );
  }
  const [root] = level;
  if (root === undefined) throw new RangeError("a tree has a leaf at least");
  return { root, paths };
};

/** The side of each sibling hash on a leaf's path to the root. @returns null where the number of hashes differs */
export const sidesOf = (place: number, count: number, hashes: number): readonly ("left" | "right")[] | null => {
  const sides: ("left" | "right")[] = [];
  if (place < 0 || place >= count) return null;
  for (let [at, width] = [place, count]; width > 1; [at, width] = [at >> 1, Math.ceil(width / 2)]) {
    if ((at ^ 1) < width) sides.push(at % 2 === 0 ? "right" : "left");
  }
  return sides.length === hashes ? sides : null;
};
