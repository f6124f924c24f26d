/** For pages that draw the survey themselves: events and a small API instead of elements. */
import type { Card, CardEvents, Note } from "../card";
import { createFlow } from "../flow";
import type { Frame } from "../frame";
import type { Survey, Value } from "../survey";

/** Nothing is put on the page; open and closed are words only. */
export function createFrame(): Frame {
  let open = false;
  return {
    box: document.createElement("div"),
    speak() {},
    style() {},
    isOpen: () => open,
    open: () => void (open = true),
    close: () => void (open = false),
    remove: () => void (open = false),
  };
}

export function createCard(_box: HTMLElement, first: Survey, events: CardEvents): Card {
  const flow = createFlow(first, events);
  let delivery: Note = "sending";
  let over = false;
  const api = {
    /** All of it, in the language of the moment. */
    get survey() {
      return flow.survey;
    },
    /** The question to draw, null after the last one. */
    get question() {
      return flow.question() || null;
    },
    /** Its wording for what was answered so far. */
    get wording() {
      const asked = flow.question();
      return asked ? flow.wording(asked) : "";
    },
    get answers() {
      return { ...flow.drafts };
    },
    get delivery() {
      return delivery;
    },
    /** Note what is entered; nothing is sent. */
    answer(key: string, value: Value) {
      flow.enter(key, value);
    },
    /** Confirm the question at hand: "" when done, else what to tell the person. */
    next(): string {
      const asked = flow.question();
      const problem = flow.confirm();
      if (asked && !problem && !flow.question()) api.complete();
      return problem;
    },
    /** The person is done, with or without the questions that are left. */
    complete() {
      if (!over) events.completed();
      over = true;
    },
    close() {
      events.dismissed();
    },
  };
  return {
    api,
    translate: (other) => void (flow.survey = other),
    note: (note) => void (delivery = note),
  };
}
