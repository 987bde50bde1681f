/**
 * Where a batch lies: by customer and day, so that a person finds it and a rule of the bucket expires it, under a name that nobody else has.
 * @param day such as `2026-11-28`; @param id 32 hexadecimal digits
 */
export const archiveKey = (customerId: number, day: string, id: string): string =>
  `cost-events/${customerId}/${day.replaceAll("-", "/")}/${id}.json.gz`;
