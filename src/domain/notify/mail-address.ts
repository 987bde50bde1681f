/** An atom of RFC 5322 §3.2.3. */
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const mailbox = new RegExp(`^(?=.{1,254}$)(?=.{1,64}@)${atom}(?:\\.${atom})*@(?=.{1,253}$)${label}(?:\\.${label})*$`);

/**
 * A mailbox as RFC 5321 §4.1.2 has it, of what is in use: a dot-string of ASCII before the `@`, a host name after it. No quoted
 * strings, no address literals, no display names; so nothing in it ends a line or a command.
 */
export const isMailAddress = (text: string): boolean => mailbox.test(text);

export const domainOfAddress = (address: string): string => address.slice(address.lastIndexOf("@") + 1);
