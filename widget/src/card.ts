/** One survey on the screen, one question at a time; it knows nothing of the network. */
import { el } from "./dom";
import { ENDS, isScale, wordingFor, type Answers, type Question, type Survey } from "./survey";

export interface CardEvents {
  /** The person made a first choice; nothing is sent yet. */
  started(): void;
  /** The person confirmed the primary answer by the button; with what came before it. */
  answered(answers: Answers): void;
  /** The person confirmed a later one; what came before is known. */
  added(answers: Answers): void;
  /** The person went through the last question. */
  completed(): void;
  dismissed(): void;
}

/** How the delivery of what was confirmed stands. */
export type Note = "sending" | "delivered" | "retrying" | "refused";

export interface Card {
  /** Show the same step in another language; what was entered stays. */
  translate(survey: Survey): void;
  /** Say how the delivery goes; on the screen once the questions are over. */
  note(note: Note): void;
}

/** What was written, without lone halves of characters, which no server can store. */
const textOf = ({ value }: HTMLTextAreaElement): string => value.replace(/\p{Cs}/gu, "").trim();

/** Fill `box` with `first` and tell `events` what the person does. */
export function createCard(box: HTMLElement, first: Survey, events: CardEvents): Card {
  let survey = first;
  let step = 0;
  let started = false;
  let currentNote: Note = "sending";
  let answers: Answers = {};
  /** Entered but not confirmed, by question key. */
  const drafts: Answers = {};
  // Stays while the steps come and go: screen readers announce changes in it only.
  const status = el("div", { className: "status", role: "status" });
  const body = el("form", { noValidate: true, autocomplete: "off" });
  const closing = el("button", { className: "close", type: "button" });
  closing.addEventListener("click", events.dismissed);
  body.addEventListener("submit", (event) => {
    event.preventDefault();
    confirm();
  });

  const question = (): Question | undefined => survey.questions[step];

  function remember(key: string, value: string | number): void {
    drafts[key] = value;
    body.querySelector(".error")?.replaceChildren();
    if (!started) {
      started = true;
      events.started();
    }
  }

  function confirm(): void {
    const asked = question();
    if (!asked) return;
    const value = drafts[asked.key];
    const answered = value !== undefined && value !== "";
    const primary = asked.key === survey.primary;
    if (!answered && (asked.required || primary)) return complain(asked);
    step += 1;
    if (answered) {
      answers = { ...answers, [asked.key]: value };
      if (primary) events.answered(answers);
      else if (survey.primary in answers) events.added({ [asked.key]: value });
      currentNote = "sending";
    }
    render();
    if (!question()) events.completed();
  }

  function complain(asked: Question): void {
    const message = survey.texts.required || asked.text;
    body.querySelector(".error")?.replaceChildren(message);
    body.querySelector<HTMLElement>("input, textarea")?.focus();
  }

  function focusStep(): void {
    // On a touch screen the keyboard would jump up and cover the question.
    const touch = matchMedia("(pointer: coarse)").matches;
    const field = body.querySelector<HTMLElement>("textarea");
    const target = (!touch && field) || body.querySelector<HTMLElement>(".question") || box;
    target.focus({ preventScroll: true });
  }

  function radio(asked: Question, value: string | number, ...label: (Node | string)[]): Node {
    const input = el("input", {
      type: "radio",
      name: asked.key,
      value,
      checked: drafts[asked.key] === value,
      required: asked.required,
    });
    input.addEventListener("change", () => remember(asked.key, value));
    return el("label", {}, input, el("span", {}, ...label));
  }

  function scale(asked: Question, [low, high]: readonly [number, number]): Node[] {
    const options: Node[] = [];
    for (let value = low; value <= high; value++) {
      const end = value === low ? asked.low : value === high ? asked.high : "";
      const spoken = end ? [el("span", { className: "spoken" }, `, ${end}`)] : [];
      options.push(radio(asked, value, String(value), ...spoken));
    }
    const ends = el(
      "div",
      { className: "ends", id: "ends" },
      el("span", { "data-value": low }, asked.low),
      el("span", { "data-value": high }, asked.high),
    );
    return [el("div", { className: `scale of${options.length}` }, ...options), ends];
  }

  function radioGroup(asked: Question, wording: string): HTMLElement {
    const choices = isScale(asked.kind)
      ? scale(asked, ENDS[asked.kind])
      : [
          el(
            "div",
            { className: "choices" },
            ...asked.options.map((option) => radio(asked, option.key, option.label)),
          ),
        ];
    const legend = el("legend", { className: "question", id: "question", tabIndex: -1 }, wording);
    return el("fieldset", { "aria-describedby": "ends error" }, legend, ...choices);
  }

  function textField(asked: Question, wording: string): HTMLElement {
    const area = el("textarea", {
      id: "text",
      rows: 4,
      maxLength: 10_000,
      required: asked.required,
      value: String(drafts[asked.key] ?? ""),
      "aria-describedby": "hint error",
    });
    area.addEventListener("input", () => remember(asked.key, textOf(area)));
    const hint = asked.required ? "" : survey.texts.comment_optional || "";
    const label = el(
      "label",
      { className: "question", id: "question", for: "text", tabIndex: -1 },
      wording,
    );
    return el("div", {}, label, el("p", { className: "hint", id: "hint" }, hint), area);
  }

  function questionStep(asked: Question): Node[] {
    const wording = wordingFor(survey, asked, answers);
    const last = step === survey.questions.length - 1;
    const { send, next } = survey.texts;
    const button = el("button", { className: "primary", type: "submit" }, (!last && next) || send!);
    return [
      asked.kind === "text" ? textField(asked, wording) : radioGroup(asked, wording),
      el("p", { className: "error", id: "error", role: "alert" }),
      el("div", { className: "actions" }, button),
    ];
  }

  function thanksStep(): Node[] {
    const { thanks } = survey.texts;
    return [el("p", { className: "question", id: "question", tabIndex: -1 }, thanks!)];
  }

  function render(): void {
    const asked = question();
    const focusWasHere = body.contains((box.getRootNode() as ShadowRoot).activeElement);
    box.dataset.kind = survey.kind;
    closing.setAttribute("aria-label", survey.texts.close!);
    body.replaceChildren(...(asked ? questionStep(asked) : thanksStep()));
    if (focusWasHere) focusStep();
    showNote();
  }

  /** The server's words may say "saved": they stand only once it is true. */
  function showNote(): void {
    const words = currentNote === "delivered" ? "thanks_detail" : currentNote;
    status.textContent = (!question() && survey.texts[words]) || "";
  }

  render();
  box.replaceChildren(body, status, closing);
  return {
    translate(other) {
      survey = other;
      render();
    },
    note(note) {
      currentNote = note;
      showNote();
    },
  };
}
