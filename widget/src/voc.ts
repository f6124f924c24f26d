/** The commands of the page: which survey is shown where, and what happens to its answer. */
import { createCard, type Card } from "./card";
import { createDelivery, type Outcome } from "./delivery";
import { createFrame, type Display, type Frame, type FrameSettings } from "./frame";
import { mintId } from "./id";
import { loadPart } from "./parts";
import type * as Delighted from "./parts/delighted";
import type * as Kinds from "./parts/kinds";
import type * as Targeting from "./parts/targeting";
import type * as Thanks from "./parts/thanks";
import { explain, why } from "./reasons";
import { request } from "./request";
import { forget, markAnswered, markClosed, reasonForQuiet } from "./store";
import css from "./style.css";
import { needsKinds, parseSurvey, type Answers, type Survey } from "./survey";

export interface ShowOptions {
  display?: string | undefined;
  /** CSS selector of the element that an inline survey goes into. */
  target?: string | undefined;
  locale?: string | undefined;
  /** Words on the side tab. */
  label?: string | undefined;
  /** The moment that the answer is about. */
  touchpoint?: string | undefined;
  /** From a tag, not asked for in person: quiet where it would be a nuisance. */
  byItself?: boolean;
  /** An inline survey without a target appears after this element. */
  after?: Element;
}

export interface Settings {
  /** Origin of the survey server. */
  base: string;
  key: string;
  /** Language wanted; without it that of the page, as it changes. */
  locale?: string | undefined;
  /** Whether requests and storage are allowed from the start. */
  consent: boolean;
}

export type EventName =
  | "shown"
  | "started"
  | "answered"
  | "completed"
  | "closed"
  | "delivered"
  | "error";
export type Listener = (detail: Record<string, unknown>) => void;
export type Voc = ((command: string, ...rest: unknown[]) => unknown) & {
  /** Calls made before the script had loaded. */
  q?: ArrayLike<unknown>[];
  loaded?: boolean;
};

interface Showing {
  id: string;
  survey: Survey;
  frame: Frame;
  card?: Card;
  draw: typeof createCard;
  options: ShowOptions;
  /** Id of the answer: minted once, when the person confirms the first question. */
  answer: string;
  completed: boolean;
}

const trouble = (status: number): string | number =>
  status === 200 ? "no survey" : status || "nothing";

interface Drawing {
  createFrame(settings: FrameSettings): Frame;
  createCard?: typeof createCard;
}

const whenReady = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.readyState !== "loading") resolve();
    else addEventListener("DOMContentLoaded", () => resolve(), { once: true });
  });

/** The page's `voc` function; answers left from earlier pages are sent at once. */
export function createVoc(settings: Settings): Voc {
  const listeners: [string, Listener][] = [];
  const showings = new Map<string, Showing>();
  /** The newest wish by survey: a slow answer to an older one is passed over. */
  const wishes = new Map<string, ShowOptions>();
  let locale = settings.locale;
  let identity = "";
  /** Calls that wait for consent; null while there is consent. */
  let waiting: [command: string, ...rest: unknown[]][] | null = settings.consent ? null : [];
  /** Judges the rules by what was tracked; asks for them anew first where somebody else is known. */
  let watch: Targeting.Watch | undefined;
  /** Events that the rules have not seen. */
  const tracked: string[] = [];

  const language = () => locale || document.documentElement.lang || navigator.language;

  function emit(type: EventName, detail: Record<string, unknown>): void {
    for (const [wanted, listener] of listeners) {
      try {
        if (wanted === type) listener({ type, ...detail });
      } catch (error) {
        console.error(error); // The page's own mistake, shown to its developers.
      }
    }
  }

  const delivery = createDelivery((id: string, outcome: Outcome, status: number) => {
    const showing = [...showings.values()].find(({ answer }) => answer === id);
    showing?.card?.note(outcome);
    if (outcome === "delivered") emit("delivered", { id });
    if (outcome === "refused") emit("error", { id, status });
  }, () => !waiting);

  async function load(id: string, language: string): Promise<Survey | null> {
    const query = new URLSearchParams({ key: settings.key, locale: language });
    const url = `${settings.base}/public/v1/surveys/${encodeURIComponent(id)}?${query}`;
    const { status, data } = await request("GET", url, "", identity); // Texts may name the person.
    const survey = status === 200 ? parseSurvey(data) : null;
    if (!survey) explain(`${id}: not shown, the server answered ${trouble(status)}`);
    if (!survey || waiting || !needsKinds(survey)) return survey;
    const kinds = await loadPart<typeof Kinds>(settings.base, "kinds");
    if (kinds?.accepts(survey)) return { ...survey, kinds };
    explain(`${id}: not shown, unknown questions`);
    return null;
  }

  /** Puts an inline survey where it goes; undefined where it cannot. */
  function placeFor({ target, after }: ShowOptions): ((host: Element) => void) | undefined {
    const found = target ? document.querySelector(target) : after;
    if (!found || !document.body.contains(found)) return undefined;
    return (host) => found[target ? "append" : "after"](host);
  }

  /** True once the survey is on the screen, or waits behind its tab. */
  async function show(id: string, options: ShowOptions): Promise<boolean> {
    const display = (options.display || "popover") as Display;
    const refuse = (reason: string) => (explain(`${id}: not shown${reason}`), false);
    if (waiting) return refuse(", no consent");
    const interrupts = display !== "inline" && display !== "tab";
    const quiet = options.byItself && interrupts && reasonForQuiet(id, Date.now());
    if (quiet) return refuse(` by itself, ${quiet}`);
    wishes.set(id, options);
    const survey = await load(id, options.locale || language());
    await whenReady();
    if (!survey || waiting) return false;
    const drawn: Drawing | undefined = /^(popover|inline)$/.test(display)
      ? { createFrame }
      : await loadPart(settings.base, display);
    const place = placeFor(options);
    if (!drawn || wishes.get(id) !== options || waiting) return false;
    if (display === "inline" && !place) return refuse(`, no element for ${options.target || display}`);
    showings.get(id)?.frame.remove();
    const frame = drawn.createFrame({
      display,
      css: css + survey.look,
      place,
      onDismiss: () => close(showing),
      onTab: () => present(showing),
    });
    if (survey.kinds) frame.style(survey.kinds.css);
    const draw = drawn.createCard || createCard;
    const showing: Showing = { id, survey, frame, draw, options, answer: "", completed: false };
    showings.set(id, showing);
    speak(showing);
    explain(`${id}: shown as ${display}`);
    if (display !== "tab") present(showing);
    return true;
  }

  function speak({ survey: { language, direction, texts }, frame, options }: Showing): void {
    frame.speak(language, direction, options.label || texts.tab || "");
  }

  /** Bring the survey on the screen: where it was left, or afresh once it is completed. */
  function present(showing: Showing): void {
    const { id, survey, frame } = showing;
    if (!showing.card || showing.completed) {
      showing.answer = "";
      showing.completed = false;
      showing.card = showing.draw(frame.box, survey, {
        started: () => emit("started", { survey: id }),
        answered: (answers) => submit(showing, answers),
        added: (answers) => {
          showing.card!.note("sending");
          delivery.amend(showing.answer, answers);
        },
        completed: () => {
          showing.completed = true;
          emit("completed", { survey: id, id: showing.answer });
        },
        dismissed: () => close(showing),
        thanked: async (link) =>
          (await loadPart<typeof Thanks>(settings.base, "thanks"))?.onward(frame.box, link),
      });
    }
    frame.open();
    const { api } = showing.card;
    emit("shown", { survey: id, ...(api && { api }) });
  }

  function submit(showing: Showing, answers: Answers): void {
    const { id, survey, options } = showing;
    // Cut to what the server takes, between characters: no answer is refused for it.
    const touchpoint = [...(options.touchpoint ?? "").trim()].slice(0, 100).join("");
    const answer = (showing.answer = mintId());
    delivery.submit(settings.base, answer, {
      key: settings.key,
      survey: id,
      id: answer,
      survey_version: survey.version,
      answers,
      locale: survey.language,
      page: location.origin + location.pathname, // A query may hold secrets of the page.
      ...(touchpoint && { touchpoint }),
      ...(identity && { identity }),
    });
    markAnswered(id, Date.now());
    emit("answered", { survey: id, id: answer, answers });
  }

  function close({ id, frame, answer, completed }: Showing): void {
    if (!frame.isOpen()) return;
    frame.close();
    if (!answer) markClosed(id);
    emit("closed", { survey: id, id: answer || null, completed });
  }

  /** Switch what is shown to the language of the moment. */
  async function translate(): Promise<void> {
    const wanted = language();
    for (const showing of showings.values()) {
      if (showing.options.locale && !locale) continue; // Its own tag or call said which.
      const survey = await load(showing.id, wanted);
      if (!survey || wanted !== language()) continue;
      showing.survey = survey;
      speak(showing);
      showing.card?.translate(survey);
    }
  }

  async function rules(): Promise<void> {
    const part = await loadPart<typeof Targeting>(settings.base, "targeting");
    if (waiting) run("rules"); // Taken back while the part came.
    else watch ||= part?.watch({
      request: (path) => request("GET", settings.base + path, "", identity),
      key: settings.key,
      tracked,
      explain,
      show: (id, display) => show(id, { display, byItself: true }),
      isBusy: () => !!waiting || [...showings.values()].some(({ frame }) => frame.isOpen()),
    });
  }

  function consent(given: boolean): void {
    if (given) {
      const calls = waiting || [];
      if (waiting) watch?.(true);
      waiting = null;
      delivery.flush();
      calls.forEach((call) => run(...call));
      return;
    }
    waiting ||= [];
    identity = "";
    for (const { frame } of showings.values()) frame.remove();
    showings.clear();
    forget();
    explain("no consent: nothing asked or kept");
  }

  /** Without a prototype: a page may ask for "toString". */
  const commands: Record<string, ((...rest: never[]) => unknown) | undefined> = {
    __proto__: null as never,
    show: (id: string, options?: ShowOptions) => show(id, { ...options }),
    close: () => showings.forEach(close),
    identify: (token: string) => ((identity = token), watch?.(true)),
    rules,
    track(name: string) {
      if (tracked.push(name) > 50) tracked.shift();
      watch?.();
    },
    on: (type: string, listener: Listener) => void listeners.push([type, listener]),
    locale: (wanted: string) => ((locale = wanted), translate()),
    consent,
    delighted: async (options: Delighted.Options) =>
      (await loadPart<typeof Delighted>(settings.base, "delighted"))?.install(run, options, explain),
    why,
  };

  const run: Voc = (command, ...rest) => {
    const failed = (error: unknown) => explain(`${command}: failed, ${error}`);
    try {
      const action = commands[command];
      if (!action) return explain(`no command "${command}"`);
      if (waiting && !/^(on|consent|why|close)$/.test(command)) {
        waiting.push([command, ...rest]);
        return explain(`${command}: waits for consent`);
      }
      const result = action(...(rest as never[]));
      if (!(result instanceof Promise)) return result;
      result.catch(failed); // The page must never see a rejection of ours.
    } catch (error) {
      failed(error);
    }
    return undefined;
  };

  delivery.flush();
  new MutationObserver(() => locale || void translate()).observe(document.documentElement, {
    attributeFilter: ["lang"],
  });
  return run;
}
