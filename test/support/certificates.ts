import { generate } from "selfsigned";

export type Certificate = { readonly key: string; readonly cert: string };

/** A certificate of this machine's names that nobody but who is handed it trusts. @param validDays fewer than none: it has run out */
export const selfSigned = async (validDays = 1, names: readonly string[] = ["localhost"]): Promise<Certificate> => {
  const dayMs = 86_400_000;
  const { private: key, cert } = await generate([{ name: "commonName", value: names[0] ?? "" }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - 10 * dayMs),
    notAfterDate: new Date(Date.now() + validDays * dayMs),
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [...names.map((value) => ({ type: 2 as const, value })), { type: 7, ip: "127.0.0.1" }] },
    ],
  });
  return { key, cert };
};
