/**
 * A device that stands somewhere: one person after the other answers, nobody sees what the last
 * one entered, and what cannot be sent now is kept.
 */
import { createCard, type Card } from "../card";
import { createFrame } from "../frame";
import { mintId } from "../id";
import * as kinds from "../parts/kinds";
import baseCss from "../style.css";
import { parseSurvey, text, type Answers, type Loose, type Survey } from "../survey";
import kioskCss from "./kiosk.css";
import { createQueue, type Outcome } from "./queue";

/** Without a touch for so long the person is asked whether they are still there. */
const IDLE_MS = 60_000;
/** So long they have to say so. */
const ASK_MS = 20_000;
/** So long the thanks stay. */
const THANKS_MS = 10_000;
/** A page that nobody uses looks this often for another survey or a newer script. */
const RENEW_MS = 600_000;
const RETRY_MS = 30_000;
const GONE = [403, 404, 410];

interface Spoken {
  survey: Survey;
  words: Record<string, string>;
  until: string;
  closed: string;
  /** What the author says to somebody with a score of this category; may be empty. */
  thanks: (category: string | undefined) => string;
}

interface Answer {
  id: string;
  at: number;
  given: Answers;
  language: string;
}

/** A browser must not offer to the next person what the last one wrote. */
const quietKinds: typeof kinds = {
  ...kinds,
  fields(...asked) {
    const nodes = kinds.fields(...asked);
    for (const node of nodes as Element[]) {
      const inputs = node.matches("input") ? [node] : node.querySelectorAll("input");
      for (const input of inputs) input.setAttribute("autocomplete", "off");
    }
    return nodes;
  },
};

function read(raw: Loose): Spoken | undefined {
  const survey = parseSurvey(raw);
  if (!survey || !kinds.accepts(survey)) return undefined;
  const said = raw.thanks as { text?: unknown; by_category?: Record<string, Loose> };
  return {
    survey: { ...survey, kinds: quietKinds },
    words: raw.words as Record<string, string>,
    until: text(raw.until),
    closed: text(raw.closed),
    thanks: (category) => text(said.by_category?.[category || ""]?.text) || text(said.text),
  };
}

function start(source: HTMLElement, root: HTMLElement): void {
  const data = JSON.parse(source.textContent || "") as Loose;
  const spoken = (data.surveys as Loose[]).map(read).filter((each) => each !== undefined);
  const first = spoken.find(({ survey }) => survey.language === data.first) || spoken[0];
  if (!first) return;
  const byId = (id: string) => document.getElementById(id)!;
  const dialog = byId("idle") as HTMLDialogElement;
  const buttons = document.querySelectorAll<HTMLElement>("[data-language]");
  const url = location.pathname + location.search;

  let now = first;
  let card: Card;
  let answer: Answer | undefined;
  /** The answer of whoever is being thanked. */
  let sent: Answer | undefined;
  let moved = false;
  let touchedOnce = false;
  let over = false;
  let stale = false;
  let looked = Date.now();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const frame = createFrame({
    display: "inline",
    css: baseCss,
    place: (host) => root.append(host),
    onDismiss() {},
    onTab() {},
  });
  frame.style(kinds.css);
  frame.style(kioskCss);

  const queue = createQueue((id: string, outcome: Outcome, status: number) => {
    if (status === 410) stale = true; // Closed or full: the page itself says so in its words.
    if (id === sent?.id) card.note(outcome === "kept" ? "retrying" : outcome);
    showWaiting(outcome === "kept");
  });

  function showWaiting(isDown: boolean): void {
    const count = isDown ? queue.size(answer?.id) : 0;
    const said = count ? now.words.waiting!.replace("{count}", String(count)) : "";
    if (byId("waiting").textContent !== said) byId("waiting").textContent = said;
  }

  /** The survey as it is said to whoever is here: also what is kept is thanked for by the score. */
  function saidNow(): Survey {
    const { survey, words, thanks } = now;
    const given = (answer || sent)?.given[survey.primary];
    const own = thanks(survey.categories[String(given)]);
    const retrying = own ? `${own} ${words.kept}` : words.kept!;
    return { ...survey, texts: { ...survey.texts, retrying } };
  }

  function speak(): void {
    const { survey, words, until } = now;
    document.documentElement.lang = survey.language;
    document.documentElement.dir = survey.direction;
    frame.speak(survey.language, survey.direction, "");
    for (const each of document.querySelectorAll<HTMLElement>("[data-word]")) {
      each.textContent = words[each.dataset.word!]!;
    }
    for (const each of document.querySelectorAll<HTMLElement>("[data-word-label]")) {
      each.setAttribute("aria-label", words[each.dataset.wordLabel!]!);
    }
    for (const each of buttons) {
      each.setAttribute("aria-pressed", String(each.dataset.language === survey.language));
    }
    byId("until").textContent = until;
  }

  function keep(): void {
    if (!answer) return;
    const { id, at, given, language } = answer;
    const { version } = now.survey;
    const body = { id, survey_version: version, locale: language, answered_at: at, answers: given };
    queue.keep({ id, url, body, at });
  }

  /** What was confirmed is an answer, whether or not the person went through to the end. */
  function finish(): void {
    sent = answer;
    answer = undefined;
    void queue.send();
  }

  const isOver = (): boolean => typeof data.over === "number" && Date.now() >= data.over;

  /** Afresh, for the next person. */
  function begin(): void {
    if (answer) finish();
    if (stale && navigator.onLine) return location.reload();
    sent = undefined;
    moved = touchedOnce = over = false;
    now = first!;
    dialog.close();
    byId("after").hidden = byId("again").hidden = true;
    speak();
    if (isOver()) return closeDown();
    card = createCard(frame.box, saidNow(), {
      started: move,
      answered(given) {
        answer = { id: mintId(), at: Date.now(), given, language: now.survey.language };
        keep();
      },
      added(given) {
        if (!answer) return;
        answer.given = { ...answer.given, ...given };
        keep();
      },
      completed,
      dismissed() {},
      thanked() {}, // No link: nobody should go on to another site on a device that others use next.
    });
    scrollTo(0, 0);
  }

  /** The last day ended while there was no connection. */
  function closeDown(): void {
    const words = document.createElement("p");
    words.className = "question";
    words.id = "question";
    words.textContent = now.closed;
    frame.box.replaceChildren(words);
  }

  function completed(): void {
    finish();
    over = true;
    card.translate(saidNow());
    if (!navigator.onLine) card.note("retrying");
    byId("again").hidden = true;
    byId("after").hidden = byId("soon").hidden = false;
    wait(THANKS_MS);
  }

  function move(): void {
    moved = true;
    byId("again").hidden = over;
  }

  /** The next person's screen reader begins at the question, too. */
  function next(): void {
    begin();
    frame.box.focus({ preventScroll: true });
    wait(IDLE_MS);
  }

  function wait(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(idle, ms);
  }

  function idle(): void {
    if (moved && !over && !dialog.open) {
      dialog.showModal();
      return wait(ASK_MS);
    }
    if (moved || touchedOnce || isOver()) next();
    else wait(IDLE_MS);
    void renew();
  }

  function touched(): void {
    touchedOnce = true;
    byId("soon").hidden = true;
    if (dialog.open) return; // What is pressed there says what is meant.
    wait(IDLE_MS);
  }

  async function renew(): Promise<void> {
    if (Date.now() - looked < RENEW_MS) return;
    looked = Date.now();
    const reply = await fetch(location.href).catch(() => undefined);
    const page = reply?.ok ? new DOMParser().parseFromString(await reply.text(), "text/html") : null;
    const found = page?.getElementById("kiosk-data")?.textContent;
    const differs = reply && GONE.includes(reply.status) ? true : found && found !== source.textContent;
    if (differs && !moved) location.reload();
  }

  for (const type of ["pointerdown", "keydown", "click", "wheel"]) {
    document.addEventListener(type, touched, { capture: true, passive: true });
  }
  dialog.addEventListener("close", () => moved && wait(IDLE_MS));
  dialog.addEventListener("click", () => dialog.close()); // Beside its buttons, too.
  frame.box.addEventListener("submit", move, { capture: true });
  for (const each of document.querySelectorAll("[data-again]")) each.addEventListener("click", next);
  for (const each of buttons) {
    each.addEventListener("click", () => {
      now = spoken.find(({ survey }) => survey.language === each.dataset.language) || now;
      speak();
      if (isOver()) closeDown();
      else card.translate(saidNow());
    });
  }
  addEventListener("online", () => void queue.send(answer?.id));
  addEventListener("offline", () => showWaiting(true));
  setInterval(() => queue.size(answer?.id) && void queue.send(answer?.id), RETRY_MS);

  begin();
  frame.open();
  wait(IDLE_MS);
  void queue.send(); // Left from before a reload.
  offerFullScreen(byId("full"));
  void keepPage(String(data.worker)).then((kept) => (byId("ready").hidden = !kept));
}

function offerFullScreen(button: HTMLElement): void {
  const show = () => (button.hidden = !document.fullscreenEnabled || !!document.fullscreenElement);
  button.addEventListener("click", () => void document.documentElement.requestFullscreen());
  document.addEventListener("fullscreenchange", show);
  show();
}

/** Whether the page opens without a network from now on; browsers keep pages of HTTPS only. */
async function keepPage(worker: string): Promise<boolean> {
  try {
    await navigator.serviceWorker.register(worker);
    await navigator.serviceWorker.ready;
    const parts = document.querySelectorAll<HTMLElement>("script[src], link[rel=stylesheet]");
    const urls = [...parts].map((part) => part.getAttribute("src") || part.getAttribute("href")!);
    const cache = await caches.open("kiosk");
    await cache.addAll([location.href, ...urls]);
    return true;
  } catch {
    return false; // Answers are kept all the same.
  }
}

const source = document.getElementById("kiosk-data");
const root = document.getElementById("kiosk");
if (source && root) start(source, root);
