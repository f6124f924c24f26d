/** The snippet of the discontinued Delighted web SDK, for pages that still carry it. */
import type { ShowOptions, Voc } from "../voc";

/** What stands on our tag. */
export interface Options extends ShowOptions {
  survey?: string;
}

/** What the page hands to `delighted.survey`; nobody has checked a word of it. */
interface Asked {
  /** Not theirs: our signed token, the only thing that says who answers. */
  identity?: unknown;
  properties?: { locale?: unknown } | null;
}

type Method = (...rest: unknown[]) => void;
/** What their snippet leaves until a script comes: calls in a list, and methods that add to it. */
type Snippet = { push?: unknown; [Symbol.iterator]?: unknown } & Record<string, unknown>;

const METHODS = ["survey", "reset", "config", "init", "set", "get", "event", "identify"];
METHODS.push("track", "page", "screen", "group", "alias");

/** Take the place of what the snippet loads, and work off what was called before. */
export function install(voc: Voc, tag: Options, explain: (reason: string) => void): void {
  const page = window as unknown as { delighted?: Snippet | unknown[] };
  const early = Array.isArray(page.delighted) ? [...page.delighted] : [];

  function survey(asked: Asked = {}): void {
    const { identity, properties } = asked || {};
    if (typeof identity === "string") voc("identify", identity);
    else explain("delighted.survey: e-mail, name and properties are not taken, nobody signed them");
    const wanted = properties?.locale;
    const locale = typeof wanted === "string" && wanted ? wanted : tag.locale;
    if (tag.survey) voc("show", tag.survey, { ...tag, locale });
    else voc("rules");
  }

  const methods: Record<string, Method> = {};
  for (const name of METHODS) {
    methods[name] = () => explain(`delighted.${name}: does nothing here`);
  }
  methods.survey = (asked) => survey(asked as Asked);
  page.delighted = methods;
  for (const call of early) {
    if (!Array.isArray(call)) continue;
    const [name, rest] = call as [string, ArrayLike<unknown>?];
    const method = Object.prototype.hasOwnProperty.call(methods, name) && methods[name];
    if (method) method(...Array.from(rest || []));
  }
}
