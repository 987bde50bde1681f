/** Hashes passwords, slowly and with much memory on purpose. The runtime supplies it: not each has the means. */
export interface Passwords {
  /**
   * @returns the hash with its algorithm, parameters and salt, in PHC form (`$scrypt$ln=17,r=8,p=1$salt$hash`)
   * @throws AppError `unavailable` where too many wait already; so does `verify`
   */
  hash(password: string): Promise<string>;
  /**
   * Whether this is the password of a hash.
   * @param stored null: there is none. It takes as long as with one, and the answer is no: how long it takes tells nobody who has an account.
   */
  verify(password: string, stored: string | null): Promise<boolean>;
  /** Whether a hash was made by a weaker rule than the present one, or by another. */
  needsRehash(stored: string): boolean;
}
