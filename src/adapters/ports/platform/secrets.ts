/** Seals what must be kept and never shown. `context` binds a secret to its place: elsewhere it does not open. */
export interface Secrets {
  /** Ids of the keys, the newest first, which seals; they are part of the sealed texts and reveal nothing of the keys. */
  keyIds(): Promise<readonly string[]>;
  seal(text: string, context: string): Promise<string>;
  /** @throws Error where the text was sealed with another key, for another context, or was tampered with */
  open(sealed: string, context: string): Promise<string>;
}
