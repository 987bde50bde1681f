/** Standard Webhooks: 24 to 64 random bytes in base64 behind `whsec_`. */
const form = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** The key that signs; null: the text is none. */
export const webhookKey = (secret: string): Uint8Array<ArrayBuffer> | null => {
  const [, base64 = ""] = form.exec(secret) ?? [];
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
};

/** @param bytes 24 to 64 random ones */
export const webhookSecret = (bytes: Uint8Array): string => `whsec_${btoa(String.fromCharCode(...bytes))}`;
