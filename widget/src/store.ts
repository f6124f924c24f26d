/**
 * What the browser remembers. Storage may be denied, full or written by another tab,
 * so every access may fail and memory stands in for the life of the page.
 */
import type { Answers } from "./survey";

/** An answer on its way to the server. */
export interface Pending {
  id: string;
  /** Origin of the server. */
  base: string;
  /** The first request, kept to the byte: the server compares repeats with it. */
  body: string;
  /** From the server; its presence says that the first request has arrived. */
  token?: string | undefined;
  /** The token was refused once and asked for again. */
  renewed?: boolean;
  /** Everything answered after the first request. */
  later: Answers;
  /** Number of the newest change; the first request is number 1. */
  revision: number;
  /** Number of the newest change that the server acknowledged. */
  acknowledged: number;
  /** When the person confirmed the first answer, in ms since 1970. */
  since: number;
}

const PREFIX = "voc:answer:";
const QUIET = "voc:quiet:";
const DAY_MS = 86_400_000;
/** After this an undeliverable answer is given up: the server is gone for good. */
const KEEP_DAYS = 30;
/** A survey that was answered does not come up by itself again for so long. */
const QUIET_DAYS = 90;

const memory = new Map<string, Pending>();

function attempt<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined; // Denied by the browser or unreadable: as if nothing were stored.
  }
}

function read(key: string): Pending | undefined {
  const item = attempt(() => JSON.parse(localStorage.getItem(key) || "null")) as Pending | null;
  const usable = item && typeof item.body === "string" && PREFIX + item.id === key;
  return usable ? item : undefined;
}

export const settled = (item: Pending): boolean =>
  !!item.token && item.acknowledged >= item.revision;

/** Remember `item`; beyond this page only while something of it is still to be sent. */
export function keep(item: Pending): void {
  memory.set(item.id, item);
  const stored =
    !settled(item) &&
    attempt(() => {
      localStorage.setItem(PREFIX + item.id, JSON.stringify(item));
      return true;
    });
  // A full storage must not leave an older state behind: it would hide the one in memory.
  if (!stored) attempt(() => localStorage.removeItem(PREFIX + item.id));
}

/** Storage goes first: another tab may have come further with this answer. */
export const find = (id: string): Pending | undefined => read(PREFIX + id) || memory.get(id);

export function drop(id: string): void {
  memory.delete(id);
  attempt(() => localStorage.removeItem(PREFIX + id));
}

/** Ids of the answers that still have something to be sent. */
export function pendingIds(now: number): string[] {
  const stored = attempt(() => Object.keys(localStorage)) || [];
  for (const key of stored.filter((name) => name.startsWith(PREFIX))) {
    const item = read(key);
    if (!item || !(now - item.since < KEEP_DAYS * DAY_MS)) {
      attempt(() => localStorage.removeItem(key));
    } else if (!memory.has(item.id)) {
      memory.set(item.id, item);
    }
  }
  return [...memory.keys()].filter((id) => {
    const item = find(id);
    return item && !settled(item);
  });
}

/** Let go of everything that was kept in this browser, answers on their way included. */
export function forget(): void {
  memory.clear();
  for (const name of ["localStorage", "sessionStorage"] as const) {
    attempt(() => {
      const storage = window[name];
      for (const key of Object.keys(storage)) if (/^voc:/.test(key)) storage.removeItem(key);
    });
  }
}

export function markAnswered(survey: string, now: number): void {
  attempt(() => localStorage.setItem(QUIET + survey, String(now)));
}

export function markClosed(survey: string): void {
  attempt(() => sessionStorage.setItem(QUIET + survey, "1"));
}

/** Why `survey` should not come up by itself now, in words; "" when it may. */
export function reasonForQuiet(survey: string, now: number): string {
  const answered = Number(attempt(() => localStorage.getItem(QUIET + survey)) || NaN);
  if (now - answered < QUIET_DAYS * DAY_MS) {
    return `answered here within ${QUIET_DAYS} days`;
  }
  const closed = attempt(() => sessionStorage.getItem(QUIET + survey));
  return closed ? "closed in this tab" : "";
}
