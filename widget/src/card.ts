/** One survey on the screen, one question at a time; it knows nothing of the network. */
import { el, radio } from "./dom";
import { createFlow, type FlowEvents } from "./flow";
import { ENDS, type Question, type Survey } from "./survey";

export interface CardEvents extends FlowEvents {
  dismissed(): void;
  /** The thanks are on the screen, also anew in another language; with `link`, "address words". */
  thanked(link: string): void;
}

/** How the delivery of what was confirmed stands. */
export type Note = "sending" | "delivered" | "retrying" | "refused";

export interface Card {
  /** Show the same step in another language; what was entered stays. */
  translate(survey: Survey): void;
  /** Say how the delivery goes; on the screen once the questions are over. */
  note(note: Note): void;
  /** What a page that draws the survey itself is given. */
  api?: object;
}

/** What was written, without lone halves of characters, which no server can store. */
const textOf = ({ value }: HTMLTextAreaElement): string => value.replace(/\p{Cs}/gu, "").trim();

/** Fill `box` with `first` and tell `events` what the person does. */
export function createCard(box: HTMLElement, first: Survey, events: CardEvents): Card {
  const flow = createFlow(first, events);
  let currentNote: Note = "sending";
  // Stays while the steps come and go: screen readers announce changes in it only.
  const status = el("div", { className: "status", role: "status" });
  const body = el("form", { noValidate: true, autocomplete: "off" });
  const closing = el("button", { className: "close", type: "button" }, "×");
  closing.addEventListener("click", events.dismissed);
  body.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = flow.question();
    const problem = flow.confirm();
    if (problem) {
      body.querySelector(".error")?.replaceChildren(problem);
      body.querySelector<HTMLElement>("input, textarea")?.focus();
    } else if (asked) {
      render();
      if (!flow.question()) events.completed();
    }
  });

  /** Takes what is entered for `asked`; nothing is sent. */
  const entering = (asked: Question) => (value: Parameters<typeof flow.enter>[1]) => {
    body.querySelector(".error")?.replaceChildren();
    flow.enter(asked.key, value);
  };

  function focusStep(): void {
    // On a touch screen the keyboard would jump up and cover the question.
    const touch = matchMedia("(pointer: coarse)").matches;
    const field = body.querySelector<HTMLElement>("textarea");
    const target = (!touch && field) || body.querySelector<HTMLElement>(".question") || box;
    target.focus({ preventScroll: true });
  }

  function scale(asked: Question, [low, high]: readonly [number, number]): Node[] {
    const options: Node[] = [];
    for (let value = low; value <= high; value++) {
      const end = value === low ? asked.low : value === high ? asked.high : "";
      const spoken = end ? [el("span", { className: "spoken" }, `, ${end}`)] : [];
      const draft = flow.drafts[asked.key];
      options.push(radio(asked, value, draft, entering(asked), String(value), ...spoken));
    }
    const ends = el(
      "div",
      { className: "ends", id: "ends" },
      el("span", { "data-value": low }, asked.low),
      el("span", { "data-value": high }, asked.high),
    );
    return [el("div", { className: `scale of${options.length}` }, ...options), ends];
  }

  function textField(asked: Question, wording: string): HTMLElement {
    const area = el("textarea", {
      id: "text",
      rows: 4,
      maxLength: 10_000,
      required: asked.required,
      value: String(flow.drafts[asked.key] ?? ""),
      "aria-describedby": "hint error",
    });
    area.addEventListener("input", () => entering(asked)(textOf(area)));
    const hint = asked.required ? "" : flow.survey.texts.comment_optional || "";
    const label = el(
      "label",
      { className: "question", id: "question", for: "text", tabIndex: -1 },
      wording,
    );
    return el("div", {}, label, el("p", { className: "hint", id: "hint" }, hint), area);
  }

  function field(asked: Question): HTMLElement {
    const wording = flow.wording(asked);
    if (asked.kind === "text") return textField(asked, wording);
    const { survey, drafts } = flow;
    const ends = ENDS[asked.kind];
    return el(
      "fieldset",
      { "aria-describedby": "ends error" },
      el("legend", { className: "question", id: "question", tabIndex: -1 }, wording),
      ...(ends
        ? scale(asked, ends)
        : survey.kinds!.fields(asked, drafts[asked.key], entering(asked), survey.texts)),
    );
  }

  function steps(asked: Question | undefined): Node[] {
    const { send, next, thanks } = flow.survey.texts;
    if (!asked) return [el("p", { className: "question", id: "question", tabIndex: -1 }, thanks!)];
    const word = (!flow.isLast() && next) || send!;
    const button = el("button", { className: "primary", type: "submit" }, word);
    return [
      field(asked),
      el("p", { className: "error", id: "error", role: "alert" }),
      el("div", { className: "actions" }, button),
    ];
  }

  function render(): void {
    const asked = flow.question();
    const focusWasHere = body.contains((box.getRootNode() as ShadowRoot).activeElement);
    box.dataset.kind = flow.survey.kind;
    closing.setAttribute("aria-label", flow.survey.texts.close!);
    body.replaceChildren(...steps(asked));
    if (focusWasHere) focusStep();
    showNote();
    const link = !asked && flow.survey.texts[flow.category() + "_link"];
    if (link) events.thanked(link);
  }

  /** The server's words may say "saved": they stand only once it is true. Thanks follow the score. */
  function showNote(): void {
    const words = currentNote === "delivered" ? flow.category() : currentNote;
    status.textContent = (!flow.question() && flow.survey.texts[words!]) || "";
  }

  render();
  box.replaceChildren(body, status, closing);
  return {
    translate(other) {
      flow.survey = other;
      render();
    },
    note(note) {
      currentNote = note;
      showNote();
    },
  };
}
