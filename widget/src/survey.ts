/** The survey as the server describes it, and the check of what really came. */

export type Scale = "nps" | "csat" | "ces";
export type Value = number | string;
/** What the person answered, by question key. */
export type Answers = Record<string, Value>;

export interface Choice {
  key: string;
  label: string;
}

export interface Question {
  key: string;
  kind: Scale | "text" | "choice";
  text: string;
  low: string;
  high: string;
  /** Other wordings of the question, by the category of the first answer. */
  wordings: Record<string, string>;
  options: Choice[];
  required: boolean;
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
}

/** First and last number of each scale, both inclusive. */
export const ENDS: Record<Scale, readonly [number, number]> = {
  nps: [0, 10],
  csat: [1, 5],
  ces: [1, 7],
};

export const isScale = (kind: string): kind is Scale =>
  kind === "nps" || kind === "csat" || kind === "ces";

type Loose = Record<string, unknown>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): Loose[] => (Array.isArray(value) ? value.filter(isObject) : []);

function texts(value: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  if (isObject(value)) for (const key of Object.keys(value)) found[key] = text(value[key]);
  return found;
}

function parseQuestion(raw: Loose): Question | null {
  const kind = text(raw.kind);
  const options = list(raw.options)
    .map((option) => ({ key: text(option.key), label: text(option.label) }))
    .filter((option) => option.key && option.label);
  const known = isScale(kind) || kind === "text" || (kind === "choice" && options.length > 0);
  if (!known || !text(raw.key) || !text(raw.text)) return null;
  return {
    key: text(raw.key),
    kind: kind as Question["kind"],
    text: text(raw.text),
    low: text(raw.low_label),
    high: text(raw.high_label),
    wordings: texts(raw.wording_by_category),
    options,
    required: raw.required === true,
  };
}

/**
 * The survey in `raw`, or null when it is not one that can be shown whole: a survey
 * without one of its questions would be another survey.
 */
export function parseSurvey(raw: unknown): Survey | null {
  if (!isObject(raw)) return null;
  const asked = list(raw.questions);
  const questions = asked.map(parseQuestion).filter((question) => question !== null);
  const words = texts(raw.texts);
  const primary = questions.find(({ kind }) => isScale(kind) && kind === raw.kind);
  if (!primary || questions.length !== asked.length || !Number.isInteger(raw.version)) return null;
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
  };
}

/** The wording of `question` for a person who gave `answers` so far. */
export function wordingFor(survey: Survey, question: Question, answers: Answers): string {
  const category = survey.categories[String(answers[survey.primary])];
  return (category && question.wordings[category]) || question.text;
}
