/** The commands of the page: which survey is shown where, and what happens to its answer. */
import { createCard, type Card } from "./card";
import { createDelivery, type Outcome } from "./delivery";
import { createFrame, DISPLAYS, type Display, type Frame } from "./frame";
import { mintId } from "./id";
import { explain, why } from "./reasons";
import { request } from "./request";
import { markAnswered, markClosed, reasonForQuiet } from "./store";
import { parseSurvey, type Answers, type Survey } from "./survey";

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
  locale: string;
  nonce: string;
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
  label: string | undefined;
  touchpoint: string;
  /** Id of the answer: minted once, when the person confirms the first question. */
  answer: string;
  completed: boolean;
}

const whenReady = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.readyState !== "loading") resolve();
    else document.addEventListener("DOMContentLoaded", () => resolve(), { once: true });
  });

/** The page's `voc` function; answers left from earlier pages are sent at once. */
export function createVoc(settings: Settings): Voc {
  const listeners: [string, Listener][] = [];
  const showings = new Map<string, Showing>();
  /** The newest wish by survey: a slow answer to an older one is passed over. */
  const wishes = new Map<string, ShowOptions>();
  let locale = settings.locale;
  let identity = "";

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
  });

  async function load(id: string, language: string): Promise<Survey | null> {
    const query = new URLSearchParams({ key: settings.key, locale: language });
    const path = `/public/v1/surveys/${encodeURIComponent(id)}`;
    const { status, data } = await request("GET", `${settings.base}${path}?${query}`);
    const survey = status === 200 ? parseSurvey(data) : null;
    const trouble = status === 200 ? "something that is not a survey" : status || "nothing";
    if (!survey) explain(`${id}: not shown, the server answered ${trouble}`);
    return survey;
  }

  /** Where an inline survey goes; null where it cannot. */
  function placeFor({ target, after }: ShowOptions): ((host: Element) => void) | null {
    if (target) {
      const element = document.querySelector(target);
      return element && ((host) => element.append(host));
    }
    return after && document.body.contains(after) ? (host) => after.after(host) : null;
  }

  async function show(id: string, options: ShowOptions): Promise<void> {
    const display = (options.display || "popover") as Display;
    if (!DISPLAYS.includes(display)) return explain(`${id}: not shown, no display "${display}"`);
    const interrupts = display === "popover" || display === "modal";
    const quiet = options.byItself && interrupts && reasonForQuiet(id, Date.now());
    if (quiet) return explain(`${id}: not shown by itself, ${quiet}`);
    wishes.set(id, options);
    const survey = await load(id, options.locale || locale);
    await whenReady();
    if (!survey || wishes.get(id) !== options) return;
    const place = display === "inline" ? placeFor(options) : () => undefined;
    if (!place) return explain(`${id}: not shown, no element for ${options.target || "inline"}`);
    showings.get(id)?.frame.remove();
    const frame = createFrame({
      display,
      place,
      nonce: settings.nonce,
      onDismiss: () => close(showing),
      onTab: () => present(showing),
    });
    const { label } = options;
    // Cut to what the server takes, between characters: no answer is refused for it.
    const touchpoint = [...(options.touchpoint ?? "").trim()].slice(0, 100).join("");
    const showing: Showing = { id, survey, frame, label, touchpoint, answer: "", completed: false };
    showings.set(id, showing);
    speak(showing);
    if (display === "tab") explain(`${id}: waits behind its tab`);
    else present(showing);
  }

  function speak({ survey: { language, direction, texts }, frame, label }: Showing): void {
    const word = /^ja/.test(language) ? "ご意見" : "Feedback";
    frame.speak(language, direction, label || texts.tab || word);
  }

  /** Bring the survey on the screen: where it was left, or afresh once it is completed. */
  function present(showing: Showing): void {
    const { id, survey, frame } = showing;
    if (!showing.card || showing.completed) {
      showing.answer = "";
      showing.completed = false;
      showing.card = createCard(frame.box, survey, {
        started: () => emit("started", { survey: id }),
        answered: (answers) => submit(showing, answers),
        added: (answers) => delivery.amend(showing.answer, answers),
        completed: () => {
          showing.completed = true;
          emit("completed", { survey: id, id: showing.answer });
        },
        dismissed: () => close(showing),
      });
    }
    frame.open();
    explain(`${id}: shown, version ${survey.version} in ${survey.language}`);
    emit("shown", { survey: id });
  }

  function submit(showing: Showing, answers: Answers): void {
    const { id, survey, touchpoint } = showing;
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
    explain(`${id}: closed`);
    emit("closed", { survey: id, id: answer || null, completed });
  }

  async function translate(language: string): Promise<void> {
    locale = language;
    for (const showing of showings.values()) {
      const survey = await load(showing.id, language);
      if (!survey || locale !== language) continue;
      showing.survey = survey;
      speak(showing);
      showing.card?.translate(survey);
    }
  }

  const commands = new Map<string, (...rest: never[]) => unknown>([
    ["show", (id: string, options?: ShowOptions) => show(id, { ...options })],
    ["close", () => showings.forEach(close)],
    ["identify", (token: string) => void (identity = token)],
    ["track", (name: string) => explain(`tracked: ${name}`)],
    ["on", (type: string, listener: Listener) => void listeners.push([type, listener])],
    ["locale", translate],
    ["why", why],
  ]);

  delivery.flush();
  return (command, ...rest) => {
    const failed = (error: unknown) => explain(`${command}: failed, ${error}`);
    try {
      const run = commands.get(command);
      if (!run) return explain(`no command "${command}"`);
      const result = run(...(rest as never[]));
      if (!(result instanceof Promise)) return result;
      result.catch(failed); // The page must never see a rejection of ours.
    } catch (error) {
      failed(error);
    }
    return undefined;
  };
}
