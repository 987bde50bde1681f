type Range = { readonly type: string; readonly quality: number };

const parse = (accept: string): readonly Range[] =>
  accept.split(",").flatMap((part) => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    const quality = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 0;
    return /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/.test(type) ? [{ type, quality }] : [];
  });

/** The most specific matching range decides (RFC 9110 §12.5.1). */
const qualityOf = (ranges: readonly Range[], offer: string): number => {
  const [kind] = offer.split("/");
  for (const type of [offer, `${kind}/*`, "*/*"]) {
    const range = ranges.find((one) => one.type === type);
    if (range !== undefined) return range.quality;
  }
  return 0;
};

/**
 * Which of the offers a client prefers; the first one wins a tie, and where nothing matches:
 * there is no 406.
 */
export const preferred = <Offer extends string>(accept: string | undefined, offers: readonly [Offer, ...Offer[]]): Offer => {
  const ranges = parse(accept ?? "*/*");
  return offers.reduce((best, offer) => (qualityOf(ranges, offer) > qualityOf(ranges, best) ? offer : best));
};
