import { type XmlNode, XmlShapeError } from "../aws/xml.ts";
import { describe, failureOf } from "../route53/api/error.ts";
import type { Ask, Form } from "./ask.ts";

/** A page. `next`: by which the one after it is asked for; null: it is the last. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

/** A listing of a Query API. */
export type Listing<Item> = {
  readonly action: string;
  /** The size of a page, where it has pages. */
  readonly page: Form;
  /** The field by which the next page is asked for. */
  readonly token: string;
  readonly read: (node: XmlNode) => Page<Item>;
};

/** What was listed, and why not all; null: it is all. `code`: of an answer that says so. */
export type Listed<Item> = { readonly items: readonly Item[]; readonly problem: string | null; readonly code?: string };

/** Who decides how many there are is the customer. */
const mostPages = 20;

/** All pages of a listing, as far as they can be read. Never throws. */
export const listAll = async <Item>(ask: Ask, listing: Listing<Item>, form: Form = {}): Promise<Listed<Item>> => {
  const items: Item[] = [];
  let next: string | null = null;
  try {
    for (let count = 0; count < mostPages; count += 1) {
      const token: string | null = next;
      const page: Page<Item> = await ask({
        action: listing.action,
        form: { ...form, ...listing.page, ...(token !== null && { [listing.token]: token }) },
        read: (node) => {
          const said = listing.read(node);
          if (said.next !== null && said.next === token) throw new XmlShapeError("the listing continues where it began");
          return said;
        },
      });
      items.push(...page.items);
      if (page.next === null) return { items, problem: null };
      next = page.next;
    }
    return { items, problem: `there are more than ${items.length}, which is all that is looked at` };
  } catch (thrown) {
    const failure = failureOf(thrown);
    return { items, problem: describe(failure), code: failure.code };
  }
};
