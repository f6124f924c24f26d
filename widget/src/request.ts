/** One request to the survey server: never rejects, never waits for ever. */

export interface Reply {
  /** HTTP status; 0 when no answer came that this page may read. */
  status: number;
  /** The parsed body; undefined when it is not JSON. */
  data?: unknown;
  /** Seconds that the server asks us to wait; 0 when it does not. */
  waitSeconds: number;
}

const TIMEOUT_MS = 15_000;
const KEEPALIVE_CHARS = 15_000;
const LONGEST_WAIT_SECONDS = 3_600;

/** `identity`: the signed token, for a question that says who asks. */
export async function request(
  method: string,
  url: string,
  body?: string,
  identity?: string,
): Promise<Reply> {
  const reply: Reply = { status: 0, waitSeconds: 0 };
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const init: RequestInit = { method, credentials: "omit", signal: abort.signal };
    if (body) {
      init.body = body;
      init.headers = { "Content-Type": "application/json" };
      // Goes on when the person leaves the page; browsers refuse it for more than 64 kB.
      init.keepalive = body.length < KEEPALIVE_CHARS;
    }
    // A header, as addresses end up in logs.
    if (identity) init.headers = { "X-VOC-Identity": identity };
    const response = await fetch(url, init);
    const wait = Number(response.headers.get("Retry-After")) || 0;
    reply.waitSeconds = Math.min(wait, LONGEST_WAIT_SECONDS);
    reply.data = await response.json().catch(() => undefined);
    reply.status = response.status;
  } catch {
    // No network, blocked or timed out: status 0 says all the caller can act on.
  }
  clearTimeout(timer);
  return reply;
}
