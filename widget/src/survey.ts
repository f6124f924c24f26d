/** The survey as the server describes it, and the check of what really came. */
import type * as Kinds from "./parts/kinds";

export type Scale = "nps" | "csat" | "ces";
export type Value = number | string | boolean | string[] | Record<string, string>;
/** What the person answered, by question key. */
export type Answers = Record<string, Value>;
export type Loose = Record<string, unknown>;

export interface Question {
  key: string;
  /** A scale, "text", or one of those that the part "kinds" knows. */
  kind: string;
  text: string;
  low: string;
  high: string;
  /** Other wordings of the question, by the category of the first answer. */
  wordings: Record<string, string>;
  required: boolean;
  /** What the server sent, of a kind or with a validation that the part has to understand. */
  raw: Loose | false;
  /** Where to go on, for the part to understand; empty without branches. */
  branches: Loose[];
}

export interface Survey {
  kind: string;
  version: number;
  language: string;
  direction: "ltr" | "rtl";
  questions: Question[];
  /** Key of the question that the survey is about; there is no answer without it. */
  primary: string;
  /** Category by score, the score as text. */
  categories: Record<string, string>;
  texts: Record<string, string>;
  /** Style sheet of the workspace's look; may be empty. */
  look: string;
  /** The part that knows the other kinds and the branches; there once the survey needs it. */
  kinds?: typeof Kinds;
}

/** First and last number of each scale, both inclusive. */
export const ENDS: Record<string, readonly [number, number]> = {
  nps: [0, 10],
  csat: [1, 5],
  ces: [1, 7],
};

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const list = (value: unknown): Loose[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

function texts(value: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  if (isObject(value)) for (const key of Object.keys(value)) found[key] = text(value[key]);
  return found;
}

const parseQuestion = (raw: Loose): Question => {
  const kind = text(raw.kind);
  return {
    key: text(raw.key),
    kind,
    text: text(raw.text),
    low: text(raw.low_label),
    high: text(raw.high_label),
    wordings: texts(raw.wording_by_category),
    required: raw.required === true,
    raw: !(kind in ENDS || (kind === "text" && !raw.validation)) && raw,
    branches: list(raw.branches),
  };
};

/**
 * The survey in `raw`, or null when it is not one that can be shown whole: a survey
 * without one of its questions would be another survey.
 */
export function parseSurvey(raw: unknown): Survey | null {
  if (!isObject(raw)) return null;
  const questions = list(raw.questions).map(parseQuestion);
  const words = texts(raw.texts);
  const primary = questions.find(({ kind }) => kind in ENDS && kind === raw.kind);
  const whole = questions.every(({ key, kind, text }) => key && kind && text);
  if (!primary || !whole || !Number.isInteger(raw.version)) return null;
  if (!words.send || !words.close || !words.thanks) return null;
  return {
    kind: primary.kind,
    version: raw.version as number,
    language: text(raw.language),
    direction: raw.direction === "rtl" ? "rtl" : "ltr",
    questions,
    primary: primary.key,
    categories: texts(raw.categories),
    texts: words,
    look: text(raw.look),
  };
}

export const needsKinds = ({ questions }: Survey): boolean =>
  questions.some(({ raw, branches }) => raw || branches.length);
