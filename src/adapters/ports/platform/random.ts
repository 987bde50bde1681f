/** Randomness fit for secrets, as an argument. */
export interface Random {
  bytes(length: number): Uint8Array<ArrayBuffer>;
}
