/** Characters (code points), as NIST SP 800-63B §3.1.1.2 wants them: long, and without rules of composition. */
const fewest = 12;
const most = 128;

/** The commonest of twelve characters and more; the usual lists are of shorter ones, which are refused for their length. */
const commonest = new Set(
  `administrator adminadmin123 adminpassword admin1234567 changemechangeme changemeplease correcthorsebatterystaple defaultpassword
  iloveyou1234 iloveyouforever letmeinletmein letmein12345 liverpoolfc1 manchesterunited mypassword123 mypassword1234 newpassword123
  password1234 password12345 password123456 password1234567 password12345678 password123456789 passwordpassword passw0rd1234 p@ssw0rd1234
  p@ssword1234 qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiop[] qwerty123456 qwerty1234567 qwerty12345678 qwerty123456789
  qwertyuiopasdfghjklzxcvbnm qwertyuiopasdfgh qazwsxedcrfv 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i
  q1w2e3r4t5y6 asdfghjkl123 asdfghjkl1234 zxcvbnm12345 sunshine1234 princess1234 football1234 baseball1234 superman1234 starwars1234
  trustno1trustno1 welcome12345 welcome123456 welcomewelcome secretsecret supersecret1 unknownunknown trancetrance tranchetranche
  tranche12345 tranche123456 123456789012 1234567890123 123456789abc abc123456789 abcd12345678 123123123123 112233445566 987654321098
  monkeymonkey dragondragon summer2025!! summer2026!! winter2025!! winter2026!!`.split(/\s+/),
);

/** Whether it is one short piece over and over. */
const isRepeated = (text: string): boolean => /^(.{1,4}?)\1+(?:.{0,3})$/su.test(text) && new Set(text).size <= 4;

/** Whether each character follows the one before, up or down. */
const isRun = (text: string): boolean => {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const steps = new Set(codes.slice(1).map((code, index) => code - (codes[index] ?? 0)));
  return steps.size === 1 && (steps.has(1) || steps.has(-1));
};

/** The form in which passwords are hashed: the same keys, whichever keyboard, are the same password. */
export const normalPassword = (text: string): string => text.normalize("NFKC");

/**
 * @param password as it was typed
 * @param address of whose it is, in lower case
 * @returns the rule that it breaks; null: none
 */
export const passwordFault = (password: string, address: string): string | null => {
  const text = normalPassword(password);
  const length = Array.from(text).length;
  if (length < fewest || length > most) return `must have ${fewest} to ${most} characters`;
  const plain = text.toLowerCase();
  if (plain === address || plain === address.slice(0, address.lastIndexOf("@"))) return "must not be your mail address";
  if (commonest.has(plain) || isRepeated(plain) || isRun(plain)) return "is one of those that are tried first: choose another";
  return null;
};
