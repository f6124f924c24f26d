/**
 * Answers of a device on their way to the server: kept until it has said that it has them, and
 * sent again under the same id, so that each is there once in the end.
 */
import { request } from "../request";

export interface Kept {
  id: string;
  /** Where it is sent to: the page that asked, with its place. */
  url: string;
  /** All but the moment of sending; the same each time. */
  body: object;
  /** When it was confirmed, in ms since 1970. */
  at: number;
}

export type Outcome = "delivered" | "kept" | "refused";
export type Report = (id: string, outcome: Outcome, status: number) => void;

export interface Queue {
  /** Keep `item` on the device; the same id again replaces it. */
  keep(item: Kept): void;
  /** Send all that are kept but `open`, which is still being answered. */
  send(open?: string): Promise<void>;
  /** How many are kept, `open` not counted. */
  size(open?: string): number;
}

const PREFIX = "kiosk:answer:";
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 120_000;
/** The service has read the answer and does not take it; whatever else may pass. */
const REFUSED = [400, 409, 410, 413, 422];
/** Nothing gets through now: the others would meet the same. */
const DOWN = [0, 429, 503];

export function createQueue(report: Report): Queue {
  /** What the browser refuses to store lives as long as the page. */
  const memory = new Map<string, Kept>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let sending: Promise<void> | undefined;
  let asked = false;
  let open: string | undefined;

  function keep(item: Kept): void {
    try {
      localStorage.setItem(PREFIX + item.id, JSON.stringify(item));
      memory.delete(item.id);
    } catch {
      memory.set(item.id, item);
    }
  }

  function drop(id: string): void {
    memory.delete(id);
    try {
      localStorage.removeItem(PREFIX + id);
    } catch {
      // Nothing can be stored here, so nothing is.
    }
  }

  /** Whatever else stands under such a name, damaged or not ours, holds up no answer. */
  function stored(key: string): Kept | undefined {
    try {
      const item = JSON.parse(localStorage.getItem(key) || "null") as Kept | null;
      return item && PREFIX + item.id === key && item.url && item.body ? item : undefined;
    } catch {
      return undefined;
    }
  }

  function keys(): string[] {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    } catch {
      return []; // What is in memory is all there is.
    }
  }

  function all(): Kept[] {
    const found = new Map(memory);
    for (const item of keys().map(stored)) {
      if (item && !found.has(item.id)) found.set(item.id, item);
    }
    return [...found.values()].filter(({ id }) => id !== open).sort((a, b) => a.at - b.at);
  }

  async function sendAll(): Promise<void> {
    let failed = false;
    let waitSeconds = 0;
    let isDown = false;
    for (const { id, url, body } of all()) {
      if (isDown) {
        report(id, "kept", 0);
        continue;
      }
      const reply = await request("POST", url, JSON.stringify({ ...body, sent_at: Date.now() }));
      const taken = reply.status >= 200 && reply.status < 300;
      if (taken || REFUSED.includes(reply.status)) {
        drop(id);
        report(id, taken ? "delivered" : "refused", reply.status);
        continue;
      }
      failed = true;
      isDown = DOWN.includes(reply.status);
      waitSeconds = Math.max(waitSeconds, reply.waitSeconds);
      report(id, "kept", reply.status);
    }
    if (!failed) {
      failures = 0;
      return;
    }
    const wait = Math.min(FIRST_WAIT_MS * 2 ** failures++, LONGEST_WAIT_MS);
    timer = setTimeout(() => void send(open), Math.max(wait, waitSeconds * 1000));
  }

  async function work(): Promise<void> {
    while (asked) {
      asked = false;
      await sendAll();
    }
    sending = undefined;
  }

  function send(openNow?: string): Promise<void> {
    open = openNow;
    asked = true;
    clearTimeout(timer);
    return (sending ||= work());
  }

  return {
    keep,
    send,
    size(openNow) {
      open = openNow;
      return all().length;
    },
  };
}
