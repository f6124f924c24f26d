/** Question kinds beyond the scales and the comment, and branching: loaded where a survey has them. */
import { el, radio } from "../dom";
import { list, text, type Answers, type Loose, type Question, type Survey, type Value } from "../survey";
import css from "./kinds.css";

export { css };

type Texts = Record<string, string>;
type Enter = (value: Value) => void;
/**
 * The value to send, undefined for none, and why the question cannot be left like this. Without
 * such words a required question without a value says so in the general ones.
 */
type Settled = [value: Value | undefined, problem?: string | undefined];

interface Choice {
  key: string;
  label: string;
}

interface Kind {
  accepts(raw: Loose): boolean;
  fields(asked: Question, raw: Loose, draft: unknown, enter: Enter, texts: Texts): Node[];
  settle?(asked: Question, raw: Loose, draft: unknown, texts: Texts): Settled;
}

const choices = (value: unknown): Choice[] =>
  list(value)
    .map(({ key, label }) => ({ key: text(key), label: text(label) }))
    .filter(({ key, label }) => key && label);
const some = (value: unknown): boolean => choices(value).length > 0;
const CONTACT = { name: "name", email: "email", phone: "tel" } as const;
type Detail = keyof typeof CONTACT;
const details = ({ fields }: Loose): Detail[] => {
  const wanted = strings(fields);
  return (Object.keys(CONTACT) as Detail[]).filter((name) => wanted.includes(name));
};

/** As strict as the server: it would refuse the whole answer. */
const SHAPES: Partial<Record<Detail, RegExp>> = {
  email: /^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+$/,
  phone: /^[+(]?[0-9][0-9 ()./+-]*((x|ext\.?) ?[0-9]+)?$/i,
};
const MOST_CHARS: Record<Detail, number> = { name: 200, email: 254, phone: 40 };
/** As strict as the server, too. */
const PATTERNS: Record<string, RegExp | undefined> = {
  email: SHAPES.email,
  number: /^[+-]?[0-9]+([.,][0-9]+)*$/,
  postcode_jp: /^〒? ?[0-9]{3}[-‐−ー]?[0-9]{4}$/,
};

/** Why so many, characters or choices, are too few or too many; undefined where they are not. */
function amiss(count: number, what: string, raw: Loose, texts: Texts): string | undefined {
  const wanted = (raw.validation || {}) as Record<string, number | undefined>;
  const [low, high] = [wanted[`min_${what}`], wanted[`max_${what}`]];
  const [word, limit] = low && count < low ? ["least", low] : high && count > high ? ["most", high] : [];
  return word && (texts[`${word}_${what}`] || texts.required)?.replace("{limit}", String(limit));
}

const box = (className: string, ...nodes: Node[]): Node => el("div", { className }, ...nodes);
const strings = (value: unknown): string[] => (Array.isArray(value) ? value : []);
const byKey = (value: unknown): Record<string, string> => ({ ...(value as object) });

/** A face of one line: only the mouth differs, size and colour do not. */
function face(value: number): Node {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("aria-hidden", "true");
  const bend = value - 3;
  const corner = 21.5 - bend * 0.75;
  path.setAttribute(
    "d",
    "M2 16a14 14 0 1 0 28 0a14 14 0 1 0-28 0M11 12v2M21 12v2" +
      `M10 ${corner}Q16 ${corner + bend * 3} 22 ${corner}`,
  );
  svg.append(path);
  return svg;
}

/** Five radio buttons in a row, each with what `draw` gives it. */
const five = (
  className: string,
  draw: (value: number, asked: Question, texts: Texts) => (Node | string)[],
): Kind => ({
  accepts: () => true,
  fields: (asked, _raw, draft, enter, texts) => [
    box(
      `scale of5 ${className}`,
      ...[1, 2, 3, 4, 5].map((value) =>
        radio(asked, value, draft, enter, ...draw(value, asked, texts)),
      ),
    ),
    el(
      "div",
      { className: "ends", id: "ends" },
      el("span", {}, asked.low),
      el("span", {}, asked.high),
    ),
  ],
});

const endOf = ({ low, high }: Question, value: number): string =>
  value === 1 ? low : value === 5 ? high : "";

const KINDS: Record<string, Kind> = {
  choice: {
    accepts: ({ options }) => some(options),
    fields: (asked, { options }, draft, enter) => [
      box(
        "choices",
        ...choices(options).map(({ key, label }) => radio(asked, key, draft, enter, label)),
      ),
    ],
  },

  stars: five("stars", (value, asked) => {
    const end = endOf(asked, value);
    const star = el("b", { "aria-hidden": true }, "★");
    return [star, String(value), ...(end ? [el("i", { className: "spoken" }, `, ${end}`)] : [])];
  }),

  faces: {
    ...five("faces", (value, asked, texts) => [
      face(value),
      el("i", {}, texts[`face_${value}`] || endOf(asked, value) || String(value)),
    ]),
  },

  multiple: {
    accepts: ({ options }) => some(options),
    fields: (_asked, { options }, draft, enter) => {
      const chosen = new Set(strings(draft));
      const every = choices(options);
      return [
        box(
          "choices",
          ...every.map(({ key, label }) => {
            const input = el("input", { type: "checkbox", value: key, checked: chosen.has(key) });
            input.addEventListener("change", () => {
              chosen[input.checked ? "add" : "delete"](key);
              enter(every.map((each) => each.key).filter((each) => chosen.has(each)));
            });
            return el("label", {}, input, el("span", {}, label));
          }),
        ),
      ];
    },
    settle: ({ required }, raw, draft, texts) => {
      const chosen = strings(draft);
      return chosen.length
        ? [chosen, amiss(chosen.length, "choices", raw, texts)]
        : [undefined, required ? texts.pick_some : undefined];
    },
  },

  ranking: {
    accepts: ({ options }) => choices(options).length > 1,
    fields: (_asked, { options }, draft, enter, texts) => {
      const every = choices(options);
      const order = draft ? strings(draft) : every.map(({ key }) => key);
      const rows = el("ol", { className: "ranking" });
      const said = el("p", { className: "spoken", role: "status" });
      const move = (key: string, by: number): void => {
        const from = order.indexOf(key);
        order.splice(from, 1);
        order.splice(from + by, 0, key);
        enter([...order]);
        draw();
        const [up, down] = rows.children[from + by]!.querySelectorAll("button");
        const pressed = by < 0 ? up! : down!;
        (pressed.disabled ? (by < 0 ? down! : up!) : pressed).focus();
        said.textContent = `${labelOf(key)}: ${from + by + 1} / ${order.length}`;
      };
      const labelOf = (key: string): string =>
        every.find((option) => option.key === key)?.label || key;
      const button = (key: string, by: number, at: number): HTMLButtonElement => {
        const word = by < 0 ? texts.move_up || "Move up" : texts.move_down || "Move down";
        const made = el("button", {
          type: "button",
          "aria-label": `${labelOf(key)}: ${word}`,
          disabled: by < 0 ? !at : at === order.length - 1,
        });
        made.append(by < 0 ? "↑" : "↓");
        made.addEventListener("click", () => move(key, by));
        return made;
      };
      const draw = (): void =>
        rows.replaceChildren(
          ...order.map((key, at) =>
            el("li", {}, el("span", {}, labelOf(key)), button(key, -1, at), button(key, 1, at)),
          ),
        );
      draw();
      return [rows, said];
    },
    // A required one is answered by its first order, too; else only whoever moved something answers.
    settle: (asked, { options }, draft) => [
      draft
        ? strings(draft)
        : asked.required
          ? choices(options).map(({ key }) => key)
          : undefined,
    ],
  },

  matrix: {
    accepts: ({ rows, columns }) => some(rows) && some(columns),
    fields: (asked, { rows, columns }, draft, enter) => {
      const chosen = byKey(draft);
      return choices(rows).map((row) => {
        const set = (column: string) => {
          chosen[row.key] = column;
          enter({ ...chosen });
        };
        const name = { ...asked, key: `${asked.key}/${row.key}` };
        const cells = choices(columns).map(({ key, label }) =>
          radio(name, key, chosen[row.key], set, label),
        );
        return el(
          "fieldset",
          { className: "row" },
          el("legend", {}, row.label),
          box("cells", ...cells),
        );
      });
    },
    settle: ({ required }, { rows }, draft, { pick_each_row }) => {
      const chosen = byKey(draft);
      const given = Object.keys(chosen).length;
      if (required && given < choices(rows).length) return [undefined, pick_each_row];
      return [given ? chosen : undefined];
    },
  },

  consent: {
    accepts: () => true,
    fields: (_asked, _raw, draft, enter, texts) => {
      const input = el("input", { type: "checkbox", checked: draft === true });
      input.addEventListener("change", () => enter(input.checked));
      const label = el("label", {}, input, el("span", {}, texts.consent || "I agree"));
      return [box("choices", label)];
    },
    settle: ({ required }, _raw, draft, { agree }) =>
      required && draft !== true ? [undefined, agree] : [draft === true],
  },

  contact: {
    accepts: (raw) => details(raw).length > 0,
    fields: (_asked, raw, draft, enter, texts) => {
      const given = byKey(draft);
      return details(raw).map((name) => {
        const input = el("input", {
          type: name === "phone" ? "tel" : name === "email" ? "email" : "text",
          autocomplete: CONTACT[name],
          maxLength: MOST_CHARS[name],
          value: given[name] || "",
          className: "line",
        });
        input.addEventListener("input", () => {
          const value = input.value.replace(/\p{Cs}/gu, "").trim().replace(/\s+/g, " ");
          if (value) given[name] = value;
          else delete given[name];
          enter({ ...given });
        });
        const word = texts[`contact_${name}`] || name;
        return el("label", { className: "detail" }, word, input);
      });
    },
    settle: ({ required }, raw, draft, texts) => {
      const given = byKey(draft);
      for (const name of details(raw)) {
        const value = given[name];
        if (value && SHAPES[name] && !SHAPES[name].test(value)) {
          return [given, texts[`bad_${name}`] || texts.required || name];
        }
      }
      const filled = Object.keys(given).length > 0;
      return [filled ? given : undefined, required && !filled ? texts.fill_in : undefined];
    },
  },

  // Drawn by the card. It comes here with a validation only.
  text: {
    accepts: () => true,
    fields: () => [],
    settle: ({ required }, raw, draft, texts) => {
      const written = text(draft);
      if (!written) return [undefined, required ? texts.fill_in : undefined];
      const pattern = text((raw.validation as Loose).pattern);
      const fits = !pattern || PATTERNS[pattern]?.test(written.normalize("NFKC"));
      const bad = fits ? undefined : texts[`bad_${pattern}`] || texts.required;
      return [written, amiss([...written].length, "chars", raw, texts) || bad];
    },
  },

  statement: { accepts: () => true, fields: () => [], settle: () => [undefined] },
};

const kindOf = ({ kind }: Question): Kind | undefined =>
  Object.prototype.hasOwnProperty.call(KINDS, kind) ? KINDS[kind] : undefined;

/** Whether every question of the survey can be shown. Statements ask nothing, so none is required. */
export function accepts(survey: Survey): boolean {
  for (const question of survey.questions) {
    if (question.kind === "statement") question.required = false;
  }
  return survey.questions.every((asked) => !asked.raw || kindOf(asked)?.accepts(asked.raw));
}

export const fields = (asked: Question, draft: unknown, enter: Enter, texts: Texts): Node[] =>
  kindOf(asked)!.fields(asked, asked.raw as Loose, draft, enter, texts);

export function settle(asked: Question, draft: Value | undefined, texts: Texts): Settled {
  const kind = kindOf(asked)!;
  return kind.settle ? kind.settle(asked, asked.raw as Loose, draft, texts) : [draft];
}

function holds(condition: Loose, { categories }: Survey, answers: Answers): boolean {
  const answer = answers[text(condition.question)];
  const { op, value } = condition;
  if (op === "not_answered") return answer === undefined;
  if (answer === undefined) return false;
  if (op === "answered") return true;
  if (op === "at_least") return Number(answer) >= Number(value);
  if (op === "at_most") return Number(answer) <= Number(value);
  const wanted: unknown[] = Array.isArray(value) ? value : [value];
  if (op === "category") return wanted.includes(categories[String(answer)]);
  const given: unknown[] = Array.isArray(answer) ? answer : [answer];
  return op === "one_of" && given.some((each) => wanted.includes(each));
}

/**
 * The step after `step`: that of the first branch which holds, otherwise the following one.
 * Only onwards: a way back would ask what was answered once more.
 */
export function next(survey: Survey, step: number, answers: Answers): number {
  for (const branch of survey.questions[step]?.branches || []) {
    if (!holds((branch.if || {}) as Loose, survey, answers)) continue;
    if (branch.to === "end") return survey.questions.length;
    const to = survey.questions.findIndex(({ key }) => key === branch.to);
    return to > step ? to : step + 1;
  }
  return step + 1;
}
