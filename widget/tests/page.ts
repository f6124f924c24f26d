/** A page with the widget on it, and a server that can be told how to behave. */
import { vi } from "vitest";
import * as delighted from "../src/parts/delighted";
import * as headless from "../src/parts/headless";
import * as kinds from "../src/parts/kinds";
import * as modal from "../src/parts/modal";
import * as tab from "../src/parts/tab";
import * as targeting from "../src/parts/targeting";
import * as thanks from "../src/parts/thanks";
import type { Voc } from "../src/voc";

export const BASE = "https://voice.example.com";

export const rawSurvey = {
  public_id: "pub1",
  version: 3,
  kind: "nps",
  language: "en",
  direction: "ltr",
  questions: [
    {
      key: "score",
      kind: "nps",
      text: "How likely are you to recommend us?",
      low_label: "Not at all likely",
      high_label: "Extremely likely",
      required: true,
    },
    {
      key: "why",
      kind: "text",
      text: "What is the main reason?",
      wording_by_category: { detractor: "What should we do better?" },
      required: false,
    },
  ],
  categories: { "2": "detractor", "9": "promoter" } as Record<string, string>,
  texts: {
    send: "Send",
    next: "Next",
    close: "Close",
    thanks: "Thank you",
    thanks_detail: "Saved",
    detractor: "Saved",
    promoter: "Saved. You made our day",
    retrying: "Trying again",
    comment_optional: "Optional",
    required: "Please choose",
    least_chars: "At least {limit} characters.",
    most_chars: "At most {limit} characters.",
    least_choices: "Choose at least {limit}.",
    most_choices: "Choose at most {limit}.",
    bad_postcode_jp: "Write a postcode.",
  },
};

export const japanese = {
  ...rawSurvey,
  language: "ja",
  questions: [
    { ...rawSurvey.questions[0]!, text: "おすすめ度を教えてください。" },
    rawSurvey.questions[1]!,
  ],
};

export interface Seen {
  method: string;
  url: string;
  body: Record<string, unknown>;
  keepalive: boolean;
  /** The signed token of the header. */
  identity: string;
}

type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | "no network" | "never";
export type Server = (seen: Seen) => Answer;

/** Takes every answer, as the real one does. */
export const healthy: Server = ({ method, url, body }) => {
  if (method === "GET") return { status: 200, body: url.includes("ja") ? japanese : rawSurvey };
  if (method === "POST") return { status: 201, body: { id: body.id, edit_token: "token" } };
  return { status: 200, body: {} };
};

/** Serves surveys but takes no answers. */
export const deaf =
  (answer: Answer): Server =>
  (seen) =>
    seen.method === "GET" ? healthy(seen) : answer;

/** Names of the parts that were asked for; after `loseParts` none of them comes. */
export const partsAsked: string[] = [];
let partsAreThere = true;
export const loseParts = (): void => void (partsAreThere = false);
const PARTS: Record<string, unknown> = { delighted, headless, kinds, modal, tab, targeting, thanks };

// The built files come from a server; tests/e2e/test_widget_parts.py loads those.
vi.doMock("../src/parts", () => ({
  loadPart: async (_base: string, name: string) => {
    partsAsked.push(name);
    const { explain } = await import("../src/reasons");
    return (partsAreThere && PARTS[name]) || explain(`the part "${name}" could not be loaded`);
  },
}));

const requests: Seen[] = [];
let server: Server = healthy;

export const behave = (next: Server): void => void (server = next);
export const sent = (method: string): Seen[] => requests.filter((each) => each.method === method);

function fakeFetch(url: string, init: RequestInit): Promise<Response> {
  const body = init.body ? JSON.parse(String(init.body)) : {};
  const keepalive = init.keepalive === true;
  const { "X-VOC-Identity": identity = "" } = (init.headers || {}) as Record<string, string>;
  const seen = { method: init.method ?? "GET", url, body, keepalive, identity };
  requests.push(seen);
  const answer = server(seen);
  if (answer === "no network") return Promise.reject(new TypeError("Failed to fetch"));
  if (answer === "never") {
    return new Promise((_, reject) => {
      init.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });
  }
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  return Promise.resolve(new Response(text, { headers: {}, ...answer }));
}

const added: (() => void)[] = [];

/** Note what listens to the page, so that leaving the page can end it. */
function watchListeners(target: EventTarget): void {
  const add = target.addEventListener.bind(target);
  target.addEventListener = (type: string, listener: never, options?: never) => {
    added.push(() => target.removeEventListener(type, listener, options));
    add(type, listener, options);
  };
}
watchListeners(window);
watchListeners(document);

const observers: MutationObserver[] = [];
const Observer = window.MutationObserver;
window.MutationObserver = globalThis.MutationObserver = class extends Observer {
  constructor(...rest: ConstructorParameters<typeof Observer>) {
    super(...rest);
    observers.push(this);
  }
};

/** Before each test: nothing is stored, nothing is sent, the server is well. */
export function freshBrowser(): void {
  localStorage.clear();
  sessionStorage.clear();
  requests.length = 0;
  partsAsked.length = 0;
  partsAreThere = true;
  behave(healthy);
  vi.useFakeTimers();
  vi.stubGlobal("fetch", fakeFetch);
  leavePage();
}

/** What unloading does: timers, listeners and modules of the page are gone, storage stays. */
export function leavePage(): void {
  vi.clearAllTimers();
  vi.resetModules();
  for (const end of added.splice(0)) end();
  document.body.replaceChildren();
  document.documentElement.lang = "en";
  for (const observer of observers.splice(0)) observer.disconnect();
  delete window.voc;
}

/** Let what is under way come to rest, and the clock go on by `ms`. */
export const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** Load a page whose tag has `data`, after `before` has run. */
export async function loadPage(data: Record<string, string>, before?: () => void): Promise<Voc> {
  const tag = document.createElement("script");
  tag.type = "text/plain"; // The tests start the widget themselves.
  tag.src = `${BASE}/widget.js`;
  Object.assign(tag.dataset, { key: "pk", ...data });
  document.body.append(tag);
  before?.();
  const { start } = await import("../src/start");
  start();
  await settle();
  return window.voc as Voc;
}

export const host = (): HTMLElement | null => document.querySelector("voc-widget");

export function find<E extends HTMLElement>(selector: string): E {
  const found = host()?.shadowRoot?.querySelector<E>(selector);
  if (!found) throw new Error(`nothing in the widget matches ${selector}`);
  return found;
}

export const boxText = (): string => find(".box").textContent ?? "";

export function choose(value: number): void {
  const input = find<HTMLInputElement>(`input[value="${value}"]`);
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

export async function press(): Promise<void> {
  find("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await settle();
}

export function write(comment: string): void {
  const area = find<HTMLTextAreaElement>("textarea");
  area.value = comment;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

export function pressKey(key: string, target: EventTarget = find(".box")): void {
  const settings = { key, bubbles: true, composed: true, cancelable: true };
  target.dispatchEvent(new KeyboardEvent("keydown", settings));
}

export const storedAnswers = (): string[] =>
  Object.keys(localStorage).filter((key) => key.startsWith("voc:answer:"));
