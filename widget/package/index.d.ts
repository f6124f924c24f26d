/** Types of the package; `src/index.ts` is checked against them. */

export interface Options {
  /** Origin of the survey server, such as https://voice.example.com. */
  server: string;
  /** The workspace's public key. */
  key: string;
  /** Language wanted; without it that of the page, as it changes, then of the browser. */
  locale?: string;
  /** Nothing is asked for or kept before voc("consent", true). */
  consent?: "required";
}

export interface ShowOptions {
  display?: "popover" | "inline" | "modal" | "tab" | "headless";
  /** CSS selector of the element that an inline survey goes into. */
  target?: string;
  locale?: string;
  /** Words on the side tab. */
  label?: string;
  /** The moment that the answers are about, at most 100 characters. */
  touchpoint?: string;
}

export type Value = number | string | boolean | string[] | Record<string, string>;

export interface Question {
  readonly key: string;
  readonly kind: string;
  readonly text: string;
  readonly low: string;
  readonly high: string;
  readonly required: boolean;
  /** What the server sent of kinds other than scales and text: options, rows, columns, fields. */
  readonly raw: Readonly<Record<string, unknown>> | false;
}

/** What a page that draws the survey itself is given. */
export interface Headless {
  readonly survey: {
    readonly language: string;
    readonly direction: "ltr" | "rtl";
    readonly questions: readonly Question[];
    readonly texts: Readonly<Record<string, string>>;
    /** Style sheet of the workspace's colours, corners and font, or "": `--accent`, `--on-accent`
     *  and `--edge` for elements of class `box`. */
    readonly look: string;
  };
  /** The question to draw, null after the last one. */
  readonly question: Question | null;
  readonly wording: string;
  readonly answers: Readonly<Record<string, Value>>;
  readonly delivery: "sending" | "delivered" | "retrying" | "refused";
  /** Note what is entered; nothing is sent. */
  answer(key: string, value: Value): void;
  /** Confirm the question: "" when done, else what to tell the person. */
  next(): string;
  complete(): void;
  close(): void;
}

export interface Events {
  shown: { type: "shown"; survey: string; api?: Headless };
  started: { type: "started"; survey: string };
  answered: { type: "answered"; survey: string; id: string; answers: Record<string, Value> };
  completed: { type: "completed"; survey: string; id: string };
  closed: { type: "closed"; survey: string; id: string | null; completed: boolean };
  delivered: { type: "delivered"; id: string };
  error: { type: "error"; id: string; status: number };
}

/** No command throws. */
export interface Voc {
  (command: "show", survey: string, options?: ShowOptions): void;
  (command: "close" | "rules"): void;
  (command: "identify", token: string): void;
  (command: "track", event: string, properties?: Record<string, unknown>): void;
  (command: "locale", language: string): void;
  (command: "consent", given: boolean): void;
  <Name extends keyof Events>(
    command: "on",
    event: Name,
    listener: (event: Events[Name]) => void,
  ): void;
  (command: "why"): string[];
}

/** The widget of this page, made at the first call; later ones give the same, whatever they say. */
export function init(options: Options): Voc;
