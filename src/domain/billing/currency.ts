/**
 * The alphabetic codes of ISO 4217 "List One: current currency and funds" as published on 2026-01-01 (up to amendment 180),
 * by their exponent: how many decimals the minor unit has. Withdrawn codes are not in it: HRK, SLL, ZWL, CUC, ANG, BGN.
 * Funds codes are, where the list gives them a minor unit (CLF, UYW: contracts are priced in them). Codes without one
 * are not billable: metals, XDR, XSU, XUA, bond market units, XTS for tests, XXX for no currency.
 */
const codes: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
    COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
    JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
    NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const exponents: ReadonlyMap<string, number> = new Map(
  Object.entries(codes).flatMap(([exponent, list]) => list.split(/\s+/).map((code) => [code, Number(exponent)] as const)),
);

/** The whole list: each code with its exponent. */
export const exponentsByCode: Readonly<Record<string, number>> = Object.fromEntries(exponents);

/** How many decimals amounts in this currency have: 0 (JPY) to 4 (CLF). Null for a code that is not in the list. */
export const currencyExponent = (code: string): number | null => exponents.get(code) ?? null;

/** Whether a customer can be billed in it: a listed code in capitals. */
export const isCurrency = (code: string): boolean => exponents.has(code);

/**
 * An amount in minor units as decimal text: `formatMinor(-1234, 2)` is `-12.34`, `(1500, 0)` is `1500`, `(5, 3)` is `0.005`.
 * Exact, without grouping, a `-` first where it is negative.
 * @throws RangeError on an amount that is not a whole number, or beyond 2^53 - 1, or an exponent that is not 0 or more
 */
export const formatMinor = (minor: number, exponent: number): string => {
  if (!Number.isSafeInteger(minor)) throw new RangeError(`not an exact integer: ${minor}`);
  if (!Number.isSafeInteger(exponent) || exponent < 0) throw new RangeError(`not a number of decimals: ${exponent}`);
  const digits = String(Math.abs(minor)).padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const sign = minor < 0 ? "-" : "";
  return exponent === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-exponent)}`;
};
