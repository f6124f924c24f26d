/**
 * Brings answers to the server: at least once, so that with the id and the revision
 * that travel along there is exactly one answer in the end.
 */
import { request, type Reply } from "./request";
import { drop, find, keep, pendingIds, settled, type Pending } from "./store";
import type { Answers } from "./survey";

export type Outcome = "delivered" | "retrying" | "refused";
export type Report = (id: string, outcome: Outcome, status: number) => void;

export interface Delivery {
  /** Send a first answer; `body` is what is posted, with its id and without later answers. */
  submit(base: string, id: string, body: object): void;
  /** Add `answers` to an answer that was submitted on this page. */
  amend(id: string, answers: Answers): void;
  /** Send whatever is still to be sent. */
  flush(): void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;

const succeeded = ({ status }: Reply): boolean => /^2/.test(`${status}`);

/** The request is wrong in itself: the same again would be refused again. */
const isFinal = ({ status }: Reply): boolean => /^4(?!08|25|29)/.test(`${status}`);

/** Deliver in the background, while it `mayGo`, and tell `report` how it goes. */
export function createDelivery(report: Report, mayGo: () => boolean): Delivery {
  const inFlight = new Set<string>();
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function retryLater(reply: Reply): void {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** failures++, LONGEST_WAIT_MS);
    const jittered = wait * (0.5 + Math.random() / 2); // Not all browsers at once after an outage.
    clearTimeout(timer);
    timer = setTimeout(flush, Math.max(jittered, reply.waitSeconds * 1000));
  }

  /** Make one request for `item`; true when the next may follow. */
  async function advance(item: Pending): Promise<boolean> {
    const first = !item.token;
    const url = `${item.base}/public/v1/responses`;
    const reply = first
      ? await request("POST", url, item.body)
      : await request("PATCH", `${url}/${item.id}`, changes(item));
    const token = first && (reply.data as { edit_token?: unknown } | undefined)?.edit_token;
    const latest = find(item.id); // The person may have gone on meanwhile,
    if (!latest) return false; // or taken consent back.
    if (succeeded(reply) && (!first || typeof token === "string")) {
      failures = 0;
      if (first) keep({ ...latest, token: token as string, acknowledged: 1 });
      else keep({ ...latest, acknowledged: Math.max(latest.acknowledged, item.revision) });
      return true;
    }
    if (reply.status === 403 && !first && !item.renewed) {
      keep({ ...latest, token: undefined, renewed: true }); // Posting again gives a token that works.
      return true;
    }
    if (reply.status === 403 && first) {
      const { identity, ...rest } = JSON.parse(item.body) as Record<string, unknown>;
      // Out of date by now: better without a name.
      if (identity) return keep({ ...latest, body: JSON.stringify(rest) }), true;
    }
    if (isFinal(reply)) drop(item.id);
    else retryLater(reply);
    report(item.id, isFinal(reply) ? "refused" : "retrying", reply.status);
    return false;
  }

  async function deliver(id: string): Promise<void> {
    if (inFlight.has(id)) return; // The loop that runs reads the newest state each time.
    inFlight.add(id);
    for (let going = true; going; ) {
      const item = find(id);
      if (!item) break;
      if (settled(item)) {
        report(id, "delivered", 200);
        break;
      }
      going = await advance(item);
    }
    inFlight.delete(id);
  }

  function flush(): void {
    clearTimeout(timer);
    if (!mayGo()) return; // Without consent not even what is kept is looked at.
    for (const id of pendingIds(Date.now())) void deliver(id);
  }

  function submit(base: string, id: string, body: object): void {
    const since = Date.now();
    const text = JSON.stringify(body);
    keep({ id, base, body: text, later: {}, revision: 1, acknowledged: 0, since });
    void deliver(id);
  }

  function amend(id: string, answers: Answers): void {
    const item = find(id);
    if (!item) return; // Refused before: there is nothing to add to.
    keep({ ...item, later: { ...item.later, ...answers }, revision: item.revision + 1 });
    void deliver(id);
  }

  addEventListener("online", flush);
  addEventListener("pagehide", flush);
  return { submit, amend, flush };
}

const changes = ({ token, revision, later }: Pending): string =>
  JSON.stringify({ edit_token: token, revision, answers: later });
