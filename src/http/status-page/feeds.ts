import { z } from "@hono/zod-openapi";
import type { PublishedPage, ShownIncident } from "../../adapters/ports/publish/status-pages.ts";
import { html, raw } from "../html.ts";
import { like, timeText } from "../contract.ts";
import { isoTime } from "../../iso-time.ts";
import { monthOf } from "./months.ts";
import { impactWords, stateWords } from "./words.ts";

/** Updates in a feed, the newest. */
const mostItems = 50;

type Item = { readonly guid: string; readonly url: string; readonly title: string; readonly text: string; readonly atMs: number };

const itemsOf = ({ slug, incidents, services }: PublishedPage, origin: string): readonly Item[] => {
  const names = new Map(services.map(({ id, name }) => [id, name]));
  const item = (one: ShownIncident) => {
    const about = one.serviceIds.flatMap((id) => names.get(id) ?? []).join(", ");
    const page = `${origin}/status/${slug}/history?month=${monthOf(one.startsAtMs).text}`;
    return one.updates.map(({ id, atMs, state, text }): Item => ({
      guid: `urn:uuid:${id}`,
      url: `${page}#u-${id}`,
      title: `${stateWords[state]}: ${one.title}`,
      text: `${text}\n\n${impactWords[one.impact]}${about === "" ? "" : `: ${about}`}`,
      atMs,
    }));
  };
  return incidents
    .flatMap(item)
    .toReversed()
    .toSorted((a, b) => b.atMs - a.atMs)
    .slice(0, mostItems);
};

const weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 822 with a year of four digits, as RSS 2.0 has it. */
const rssTime = (atMs: number): string => {
  const [year = "", month = "", rest = ""] = isoTime(atMs).split("-");
  return `${weekdays[Math.floor(atMs / 86_400_000) % 7]}, ${rest.slice(0, 2)} ${months[Number(month) - 1]} ${year} ${rest.slice(3, 11)} +0000`;
};

/** A text as the markup of a description, which is escaped once more. */
const markup = (text: string): string =>
  text
    .split(/(?:\r?\n){2,}/)
    .map((paragraph) => html`<p>${paragraph}</p>`.toString())
    .join("");

const title = (page: PublishedPage): string => `${page.title}: incidents`;

/** RSS 2.0 of the updates; an update is known by its GUID for good. */
export const rssFeed = (page: PublishedPage, origin: string): string => {
  const home = `${origin}/status/${page.slug}`;
  // The escapes of markup are those of XML: five characters.
  return html`${raw('<?xml version="1.0" encoding="utf-8"?>')}
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title>${title(page)}</title>
<link>${home}</link>
<description>Incidents and maintenance, as they are written</description>
<language>en</language>
<ttl>1</ttl>
<atom:link href="${home}/feed.rss" rel="self" type="application/rss+xml"/>
${itemsOf(page, origin).map(
  ({ guid, url: link, title: heading, text, atMs }) => html`<item>
<title>${heading}</title>
<link>${link}</link>
<guid isPermaLink="false">${guid}</guid>
<pubDate>${rssTime(atMs)}</pubDate>
<description>${markup(text)}</description>
</item>
`,
)}</channel>
</rss>
`.toString();
};

const versionUrl = "https://jsonfeed.org/version/1.1";
const url = like(z.string(), "https://tranche.example.com/status/acme");

export const feedSchema = z
  .object({
    version: z.literal(versionUrl),
    title: like(z.string(), "ACME status: incidents"),
    home_page_url: url,
    feed_url: url,
    language: z.literal("en"),
    items: z.array(
      z.object({
        id: like(z.string(), "urn:uuid:0b6f6e0e-3c52-4a8e-9d0c-3d1f0a4d7a11"),
        url,
        title: like(z.string(), "Investigating: Downloads fail in Europe"),
        content_text: like(z.string(), "We are looking into it."),
        date_published: timeText,
      }),
    ),
  })
  .openapi("StatusFeed");

/** JSON Feed 1.1 of the same. */
export const jsonFeed = (page: PublishedPage, origin: string): string => {
  const home = `${origin}/status/${page.slug}`;
  const feed: z.infer<typeof feedSchema> = {
    version: versionUrl,
    title: title(page),
    home_page_url: home,
    feed_url: `${home}/feed.json`,
    language: "en",
    items: itemsOf(page, origin).map(({ guid, url: link, title: heading, text, atMs }) => ({
      id: guid,
      url: link,
      title: heading,
      content_text: text,
      date_published: isoTime(atMs),
    })),
  };
  return JSON.stringify(feed);
};
