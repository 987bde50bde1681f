/** What a server does that ends the conversation, in words of our own. */
export class SmtpFault extends Error {
  override readonly name = "SmtpFault";
}

/** A reply of RFC 5321 §4.2: a code, and the text of its lines. */
export type Reply = { readonly code: number; readonly lines: readonly string[] };

/** Octets of a whole reply. RFC 5321 gives a line 512; a server that lists all that it can has some thirty lines. */
const maxReplyLength = 16_384;

export type Replies = {
  /** @throws SmtpFault where the connection ends, or what comes is no reply */
  readonly next: () => Promise<Reply>;
  /** Whether more has come than was asked for. */
  readonly hasMore: () => boolean;
  /** Lets go of the stream. */
  readonly release: () => void;
};

/** Reads replies, by lines however they are cut up on their way. */
export const readReplies = (readable: ReadableStream<Uint8Array>): Replies => {
  const reader = readable.getReader();
  const decoder = new TextDecoder();
  let buffered = "";

  const line = async (left: number): Promise<string> => {
    for (;;) {
      const end = buffered.indexOf("\n");
      if (end >= 0) {
        const text = buffered.slice(0, end).replace(/\r$/, "");
        buffered = buffered.slice(end + 1);
        return text;
      }
      if (buffered.length > left) throw new SmtpFault("the reply is too long");
      const { done, value } = await reader.read();
      if (done) throw new SmtpFault("the server closed the connection");
      buffered += decoder.decode(value, { stream: true });
    }
  };

  return {
    next: async () => {
      const lines: string[] = [];
      let left = maxReplyLength;
      for (;;) {
        const text = await line(left);
        left -= text.length + 2;
        const [, digits, separator, rest = ""] = /^([2-5]\d\d)(?:([ -])(.*))?$/.exec(text) ?? [];
        if (digits === undefined || left < 0) throw new SmtpFault("the server does not speak SMTP");
        lines.push(rest);
        if (separator !== "-") return { code: Number(digits), lines };
      }
    },
    hasMore: () => buffered !== "",
    release: () => reader.releaseLock(),
  };
};
