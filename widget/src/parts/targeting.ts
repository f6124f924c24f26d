/**
 * Decides which survey is shown where a tag names none: the workspace's rules come as data,
 * once, and are judged here. The same as surveys/targeting.py, by the same cases.
 */
import { mintId } from "../id";
import { list, text, type Loose } from "../survey";

export interface Rule {
  id: string;
  name: string;
  /** Public id. */
  survey: string;
  display: string;
  /** Of the page's path, `*` for anything, `!` before what is left out; empty: every page. */
  paths: string[];
  /** Name that voc('track') gives; "" for the page itself. */
  event: string;
  delay_s: number;
  /** Share of visitors in percent. */
  share: number;
  days_between: number;
  only_identified: boolean;
  paused: boolean;
  /** Why the server says that this person is not asked, "" where they may be. */
  barred: string;
}

export interface Visit {
  path: string;
  event: string;
  visitor: string;
  identified: boolean;
  /** Days since a rule showed something to this visitor; null for never. */
  shown_days_ago: number | null;
}

/** A number from 0 to 100 that is always the same for a rule and a visitor (FNV-1a, mixed). */
export function lot(rule: string, visitor: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${rule}:${visitor}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}

/** Whether `path` is one of `pattern`, in which `*` stands for anything, also nothing. */
export function matches(pattern: string, path: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return path === first;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = path.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return path.endsWith(last) && path.length - last.length >= at;
}

export function onPage(paths: string[], path: string): boolean {
  const out = paths.filter((each) => each.startsWith("!"));
  if (out.some((each) => matches(each.slice(1), path))) return false;
  return out.length === paths.length || paths.some((each) => matches(each, path));
}

/** Why `rule` shows nothing to this visit, "" where it does. */
export function whyNot(rule: Rule, visit: Visit): string {
  if (rule.paused) return "paused";
  if (!onPage(rule.paths, visit.path)) return "other_page";
  if (rule.event !== visit.event) return "other_event";
  if (rule.only_identified && !visit.identified) return "not_identified";
  if (rule.barred) return rule.barred;
  if (lot(rule.id, visit.visitor) >= rule.share) return "not_in_share";
  const { shown_days_ago: ago } = visit;
  return ago !== null && ago < rule.days_between ? "shown_lately" : "";
}

/** The first rule that holds, and why those before it do not. */
export function decide(rules: Rule[], visit: Visit): [rule: Rule | null, passed: [Rule, string][]] {
  const passed: [Rule, string][] = [];
  for (const rule of rules) {
    const reason = whyNot(rule, visit);
    if (!reason) return [rule, passed];
    passed.push([rule, reason]);
  }
  return [null, passed];
}

const number = (value: unknown, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;

function parseRule(raw: Loose): Rule {
  return {
    id: text(raw.id),
    name: text(raw.name) || text(raw.id),
    survey: text(raw.survey),
    display: text(raw.display),
    paths: Array.isArray(raw.paths) ? raw.paths.map(text) : [],
    event: text(raw.event),
    delay_s: number(raw.delay_s, 0),
    share: number(raw.share, 100),
    days_between: number(raw.days_between, 0),
    only_identified: raw.only_identified === true,
    paused: false,
    barred: text(raw.barred),
  };
}

const VISITOR = "voc:visitor";
const SHOWN = "voc:shown";
const DAY_MS = 86_400_000;

interface Page {
  key: string;
  /** Ask the server, as whoever is known here. */
  request(path: string): Promise<{ data?: unknown }>;
  /** Events that were not judged yet; emptied here. */
  tracked: string[];
  explain(reason: string): void;
  /** Show by itself; true once it is on the screen or behind its tab. */
  show(survey: string, display: string): Promise<boolean>;
  /** Nothing may be shown or kept now: a survey is open, or consent is missing. */
  isBusy(): boolean;
}

/** Judge what was tracked; `anew` asks for the rules first, as somebody else is known. */
export type Watch = (anew?: boolean) => void;

function remembered(key: string, make: () => string): string {
  try {
    const found = localStorage.getItem(key);
    if (found) return found;
    const made = make();
    if (made) localStorage.setItem(key, made);
    return made;
  } catch {
    return make();
  }
}

function pathNow(): string {
  try {
    return decodeURI(location.pathname);
  } catch {
    return location.pathname;
  }
}

/** Load the rules and judge them at once, at each event and when the page's address changes. */
export function watch(page: Page): Watch {
  let rules: Rule[] | null = null;
  let identified = false;
  let visitor = "";
  let path = pathNow();
  const done = new Set<string>();

  function visit(event: string): Visit {
    const shown = Number(remembered(SHOWN, () => ""));
    // A visitor gets a name only where somebody is to be left out by it.
    if (!visitor && rules?.some(({ share }) => share < 100)) visitor = remembered(VISITOR, mintId);
    const ago = shown ? (Date.now() - shown) / DAY_MS : null;
    return { path: pathNow(), event, visitor, identified, shown_days_ago: ago };
  }

  function judge(event: string): void {
    if (!rules) return;
    const when = event ? `after ${event}` : `on ${pathNow()}`;
    if (page.isBusy()) return page.explain(`no rule was judged ${when}: a survey is open`);
    const open = rules.filter(({ id }) => !done.has(id));
    const [rule, passed] = decide(open, visit(event));
    for (const [{ name }, reason] of passed) {
      if (reason !== "other_event") page.explain(`rule "${name}": not ${when}, ${reason}`);
    }
    if (!rule) return page.explain(`no rule shows a survey ${when}`);
    page.explain(`rule "${rule.name}": shows ${rule.survey} ${when}, in ${rule.delay_s} s`);
    done.add(rule.id);
    setTimeout(() => void fire(rule, event), rule.delay_s * 1000);
  }

  async function fire(rule: Rule, event: string): Promise<void> {
    const reason = page.isBusy() ? "a survey is open" : whyNot(rule, visit(event));
    const shown = !reason && (await page.show(rule.survey, rule.display));
    if (reason) page.explain(`rule "${rule.name}": not any more, ${reason}`);
    if (!shown) return void done.delete(rule.id);
    try {
      localStorage.setItem(SHOWN, String(Date.now()));
    } catch {
      // Denied: the limit holds no longer than the page.
    }
  }

  /** The address may change without a new page: look again where it did. */
  function moved(): void {
    if (path === pathNow()) return;
    path = pathNow();
    judge("");
  }

  async function reload(): Promise<void> {
    const query = new URLSearchParams({ key: page.key });
    const raw = (await page.request(`/public/v1/targeting?${query}`)).data as Loose | undefined;
    if (!raw || !Array.isArray(raw.rules)) return page.explain("the targeting rules did not come");
    rules = list(raw.rules).map(parseRule);
    visitor = ""; // Forgotten where consent was taken back meanwhile.
    identified = raw.identified === true;
    if (!rules.length) page.explain("no targeting rule is active");
    judge("");
    judgeTracked();
  }

  function judgeTracked(): void {
    if (rules) for (const event of page.tracked.splice(0)) judge(event);
  }

  addEventListener("popstate", moved);
  // Where the browser tells of it; nothing of the page's own is wrapped.
  (window as { navigation?: EventTarget }).navigation?.addEventListener("navigatesuccess", moved);
  void reload();
  return (anew) => (anew ? void reload() : judgeTracked());
}
