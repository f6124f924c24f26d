/** The way of one person through the questions; it knows neither the screen nor the network. */
import type { Answers, Question, Survey, Value } from "./survey";

export interface FlowEvents {
  /** The person made a first choice; nothing is sent yet. */
  started(): void;
  /** The person confirmed the primary answer by the button; with what came before it. */
  answered(answers: Answers): void;
  /** The person confirmed a later one; what came before is known. */
  added(answers: Answers): void;
  /** The person went through the last question. */
  completed(): void;
}

export interface Flow {
  /** Another language of the same survey may take its place. */
  survey: Survey;
  /** Entered but perhaps not confirmed, by question key. */
  drafts: Answers;
  /** The question at hand; undefined after the last one. */
  question(): Question | undefined;
  isLast(): boolean;
  /** Category of the primary answer, once it is confirmed. */
  category(): string | undefined;
  /** How to ask, for what was answered so far. */
  wording(asked: Question): string;
  enter(key: string, value: Value): void;
  /** Take what is entered and go on. Why this cannot be, in the respondent's words; "" when done. */
  confirm(): string;
}

export function createFlow(first: Survey, events: FlowEvents): Flow {
  let step = 0;
  let started = false;
  let answers: Answers = {};

  const flow: Flow = {
    survey: first,
    drafts: {},
    question: () => flow.survey.questions[step],
    isLast: () => step === flow.survey.questions.length - 1,
    category: () => flow.survey.categories[String(answers[flow.survey.primary])],
    wording: ({ text, wordings }) => wordings[flow.category()!] || text,

    enter(key, value) {
      flow.drafts[key] = value;
      if (!started) {
        started = true;
        events.started();
      }
    },

    confirm() {
      const { survey, drafts } = flow;
      const asked = flow.question();
      if (!asked) return "";
      const { key, raw } = asked;
      const primary = key === survey.primary;
      let value = drafts[key];
      let problem: string | undefined;
      if (raw) [value, problem] = survey.kinds!.settle(asked, value, survey.texts);
      const answered = value !== undefined && value !== "";
      if (!answered && (primary || asked.required)) problem ||= survey.texts.required || asked.text;
      if (problem) return problem;
      if (answered) {
        answers = { ...answers, [key]: value! };
        if (primary) events.answered(answers);
        else if (survey.primary in answers) events.added({ [key]: value! });
      }
      step = survey.kinds ? survey.kinds.next(survey, step, answers) : step + 1;
      return "";
    },
  };
  return flow;
}
