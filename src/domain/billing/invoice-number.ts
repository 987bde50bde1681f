/** Tokens of a document number: the invoice's own number, its year and month of issue (UTC), the customer's id. */
const tokens = ["{number}", "{year}", "{month}", "{customer}"] as const;

const longest = 40;

/** The pattern of customers without a profile; also the default of the table `billing_profiles`. */
export const documentDefaults = { numberPattern: "TR-{year}-{number}", paymentDays: 30 } as const;

/**
 * What is wrong with a pattern of document numbers, such as `TR-{year}-{number}`; null: nothing. Between the number and any
 * other figure must stand a separator, so that no two invoices of a customer get the same text.
 */
export const checkNumberPattern = (pattern: string): string | null => {
  if (pattern.length > longest) return `must have at most ${longest} characters`;
  const parts = pattern.split("{number}");
  if (parts.length !== 2) return "must contain {number} exactly once";
  const literal = tokens.reduce((text, token) => text.replaceAll(token, ""), pattern);
  if (!/^[A-Za-z0-9/.-]*$/.test(literal)) return `must consist of letters, digits, / - . and of ${tokens.join(" ")}`;
  const [before = "", after = ""] = parts;
  if (/[0-9}]$/.test(before) || /^[0-9{]/.test(after)) return "must have a letter or one of / - . beside {number}";
  return null;
};
