import { auditBundle } from "../../../cli/evidence/evidence-audit.ts";
import { canonicalJson } from "../../../src/domain/evidence/canonical-json.ts";
import { headFields, headText } from "../../../src/domain/evidence/evidence-claim.ts";
import { keysOf } from "../evidence.ts";
import { testSigner } from "../evidence-signer.ts";
import type { Violation } from "./judge.ts";
import type { Played } from "./world.ts";

type Row = {
  readonly storm: number;
  readonly service: number;
  readonly at: number;
  readonly records: readonly string[];
  readonly seq: number;
  readonly hash: string;
};

/** The evidence of every storm is believed by who does not trust whoever made it, and its decisions follow from its samples. */
export const judgeEvidence = async ({
  sql,
}: Pick<Played, "sql">): Promise<{ readonly violations: readonly Violation[]; readonly replayed: number; readonly remarks: number }> => {
  const signer = testSigner();
  const [keys, publicKeys] = [await keysOf(signer), await signer.publicKeys()];
  const storms = await sql<Row>(
    `select e.id as storm, e.service_id as service, (extract(epoch from e.detected_at) * 1000)::bigint as at, x.records, x.seq, x.hash
     from storm_events e cross join lateral (
       select array_agg(evidence_text(r) order by r.seq) as records, max(r.seq) as seq, (array_agg(r.hash order by r.seq desc))[1] as hash
       from evidence r where r.service_id = e.service_id
         and r.seq > (select least(b.seq - 1, coalesce(b.follows_seq, b.seq)) from evidence b where b.storm_id = e.id order by b.seq limit 1)
         and r.seq <= (select max(seq) from evidence where storm_id = e.id)
     ) x order by e.id`,
  );
  const violations: Violation[] = [];
  let [replayed, remarks] = [0, 0];
  for (const { storm, service, at, records, seq, hash } of storms) {
    const head = { serviceId: service, stormId: storm, seq, hash };
    const { keyId, signature } = await signer.sign((id) => headText(headFields(head, id, publicKeys)));
    const bytes = new TextEncoder().encode(
      `[${[...records, canonicalJson({ ...headFields(head, keyId, publicKeys), signature })].join(",")}]`,
    );
    const audit = auditBundle(bytes, { keys });
    if (!audit.ok) violations.push({ law: "evidence", atMs: at, what: `storm ${storm}: record ${audit.record} ${audit.reason}` });
    else [replayed, remarks] = [replayed + audit.replayed, remarks + audit.remarks.length];
  }
  return { violations, replayed, remarks };
};
