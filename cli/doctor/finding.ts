/** What `tranche doctor` found of one thing. `mend`: how it is put right; null where nothing is wrong. */
export type Finding = {
  readonly check: string;
  readonly result: "pass" | "warn" | "fail" | "skipped";
  readonly detail: string;
  readonly mend: string | null;
};

export const pass = (check: string, detail: string): Finding => ({ check, result: "pass", detail, mend: null });
export const warn = (check: string, detail: string, mend: string): Finding => ({ check, result: "warn", detail, mend });
export const fail = (check: string, detail: string, mend: string): Finding => ({ check, result: "fail", detail, mend });
/** Could not be asked, by these credentials or because of what failed before. */
export const skipped = (check: string, detail: string): Finding => ({ check, result: "skipped", detail, mend: null });
