import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Headless } from "../package/index";
import {
  behave,
  boxText,
  choose,
  find,
  freshBrowser,
  healthy,
  host,
  japanese,
  leavePage,
  loadPage,
  loseParts,
  partsAsked,
  press,
  rawSurvey,
  sent,
  settle,
  storedAnswers,
  write,
} from "./page";

beforeEach(freshBrowser);

const options = ["a", "b", "c"].map((key) => ({ key, label: key.toUpperCase() }));
const [score, why] = rawSurvey.questions;

/** The server asks the score and then `questions`. */
function ask(...questions: object[]): void {
  const body = { ...rawSurvey, questions: [score, ...questions] };
  behave((seen) => (seen.method === "GET" ? { status: 200, body } : healthy(seen)));
}

/** Load the survey and answer its score. */
async function begin(value = 9): Promise<void> {
  await loadPage({ survey: "pub1" });
  choose(value);
  await press();
}

const all = <E extends HTMLElement>(selector: string): E[] => [
  ...find(".box").querySelectorAll<E>(selector),
];
const inputs = (): HTMLInputElement[] => all<HTMLInputElement>("input");

function check(value: string, checked = true): void {
  const input = inputs().find((each) => each.value === value);
  if (!input) throw new Error(`no field ${value}`);
  input.checked = checked;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

const lastAnswers = (): unknown => sent("PATCH").pop()?.body.answers;

describe("parts", () => {
  test("are not asked for by a score with a comment", async () => {
    await loadPage({ survey: "pub1" });
    expect(partsAsked).toEqual([]);
  });

  test.each([
    ["the questions need it", {}, { key: "x", kind: "choice", text: "?", options }],
    ["the display needs it", { display: "modal" }, why!],
    ["a branch needs it", {}, { ...why, branches: [{ if: { op: "answered" }, to: "end" }] }],
  ])("that cannot be had leave the page as it was where %s", async (_, data, question) => {
    vi.spyOn(console, "info").mockReturnValue();
    loseParts();
    ask(question);
    const voc = await loadPage({ survey: "pub1", ...data });
    expect(String(voc("why"))).toContain("could not be loaded");
    expect(host()).toBeNull();
  });
});

describe("the link after the last answer", () => {
  const words: Record<string, string> = { en: "Write a review", ja: "レビューを書く" };
  const address = "https://reviews.example/us";
  const link = () => find(".box").querySelector("a");

  /** The server shows promoters a link, in the language that is asked for. */
  function offer(url = address): void {
    behave((seen) => {
      if (seen.method !== "GET") return healthy(seen);
      const survey = seen.url.includes("locale=ja") ? japanese : rawSurvey;
      const promoter_link = `${url} ${words[survey.language]}`;
      const texts = { ...survey.texts, promoter_link };
      return { status: 200, body: { ...survey, questions: [score], texts } };
    });
  }

  test("is shown to whom the server names, leaves the page alone, and follows the language", async () => {
    offer();
    const voc = await loadPage({ survey: "pub1" });
    choose(9);
    expect(partsAsked).toEqual([]);
    await press();
    await settle();
    expect(partsAsked).toEqual(["thanks"]);
    expect(link()?.getAttribute("href")).toBe(address);
    expect(link()?.target).toBe("_blank");
    expect(link()?.rel).toContain("noopener");
    expect(link()?.textContent).toContain(words.en);
    voc("locale", "ja");
    await settle();
    expect(find(".box").querySelectorAll("a").length).toBe(1);
    expect(link()?.textContent).toContain(words.ja);
  });

  test("is neither shown to anybody else nor asked for", async () => {
    offer();
    await begin(2);
    await settle();
    expect(link()).toBeNull();
    expect(partsAsked).toEqual([]);
  });

  test("is an https address or nothing", async () => {
    offer("javascript:alert(1)");
    await begin();
    await settle();
    expect(partsAsked).toEqual(["thanks"]);
    expect(link()).toBeNull();
  });
});

describe("the question kind", () => {
  test("choice sends the key of an option", async () => {
    ask({ key: "x", kind: "choice", text: "Which?", options });
    await begin();
    check("b");
    await press();
    expect(lastAnswers()).toEqual({ x: "b" });
  });

  test.each(["stars", "faces"])("%s is a radio group from 1 to 5 that names its ends", async (kind) => {
    ask({ key: "x", kind, text: "How was it?", low_label: "Bad", high_label: "Good" });
    await begin();
    expect(inputs().map(({ type, value }) => type + value)).toEqual(
      [1, 2, 3, 4, 5].map((value) => `radio${value}`),
    );
    expect(all("label")[0]?.textContent).toContain("Bad");
    expect(all("label")[4]?.textContent).toContain("Good");
    choose(4);
    await press();
    expect(lastAnswers()).toEqual({ x: 4 });
  });

  test("faces are all drawn alike but for the mouth", async () => {
    ask({ key: "x", kind: "faces", text: "How was it?" });
    await begin();
    const drawn = all("svg").map((face) => face.outerHTML.replace(/M10.*?"/, '"'));
    expect(new Set(drawn).size).toBe(1);
  });

  test("multiple sends the chosen options in their order, none is no answer", async () => {
    ask({ key: "x", kind: "multiple", text: "Which?", options }, why!);
    await begin();
    check("c");
    check("a");
    check("b");
    check("b", false);
    await press();
    expect(lastAnswers()).toEqual({ x: ["a", "c"] });
    leavePage();
    freshBrowser();
    ask({ key: "x", kind: "multiple", text: "Which?", options, required: true });
    await begin();
    check("a");
    check("a", false);
    await press();
    expect(find("[role=alert]").textContent).toBe("Please choose");
  });

  test("several options are refused where they are too few or too many", async () => {
    const validation = { min_choices: 2, max_choices: 2 };
    ask({ key: "x", kind: "multiple", text: "Which?", options, validation });
    await begin();
    check("a");
    await press();
    expect(find("[role=alert]").textContent).toBe("Choose at least 2.");
    check("b");
    check("c");
    await press();
    expect(find("[role=alert]").textContent).toBe("Choose at most 2.");
    check("c", false);
    await press();
    expect(lastAnswers()).toEqual({ x: ["a", "b"] });
  });

  test("a text that is not as wanted is refused, and stays where it is", async () => {
    ask({ key: "x", kind: "text", text: "Postcode?", validation: { pattern: "postcode_jp" } });
    await begin();
    write("1000");
    await press();
    expect(find("[role=alert]").textContent).toBe("Write a postcode.");
    expect(find<HTMLTextAreaElement>("textarea").value).toBe("1000");
    write("１００－０００１");
    await press();
    expect(lastAnswers()).toEqual({ x: "１００－０００１" });
  });

  test.each([
    ["👍👍👍", "At least 4 characters."],
    ["👍👍👍👍👍👍", "At most 5 characters."],
    ["👍👍👍👍", ""],
    ["", ""],
  ])("of a text with bounds, %j is told %j", async (words, told) => {
    ask({ key: "x", kind: "text", text: "Why?", validation: { min_chars: 4, max_chars: 5 } });
    await begin();
    if (words) write(words);
    await press();
    expect(find(".box").querySelector("[role=alert]")?.textContent ?? "").toBe(told);
  });

  test("ranking is moved by buttons, which keep the focus, and sends all options", async () => {
    ask({ key: "x", kind: "ranking", text: "Order?", options });
    await begin();
    const button = (name: string) => find<HTMLButtonElement>(`[aria-label="${name}"]`);
    button("C: Move up").click();
    expect(host()?.shadowRoot?.activeElement).toBe(button("C: Move up"));
    expect(find(".spoken[role=status]").textContent).toBe("C: 2 / 3");
    button("C: Move up").click();
    expect(host()?.shadowRoot?.activeElement).toBe(button("C: Move down"));
    expect(button("C: Move up").disabled).toBe(true);
    await press();
    expect(lastAnswers()).toEqual({ x: ["c", "a", "b"] });
  });

  test("ranking that nobody touched is an answer only where one is required", async () => {
    ask(
      { key: "x", kind: "ranking", text: "Order?", options },
      { key: "y", kind: "ranking", text: "Order?", options, required: true },
    );
    await begin();
    await press();
    await press();
    expect(lastAnswers()).toEqual({ y: ["a", "b", "c"] });
  });

  test("matrix sends a column for each row, and all rows where required", async () => {
    const rows = options.slice(0, 2);
    const columns = [
      { key: "low", label: "Low" },
      { key: "high", label: "High" },
    ];
    ask({ key: "x", kind: "matrix", text: "Each?", rows, columns, required: true });
    await begin();
    const set = (row: number, column: string) => {
      const input = all("fieldset.row")[row]!.querySelector<HTMLInputElement>(`[value=${column}]`)!;
      input.checked = true;
      input.dispatchEvent(new Event("change"));
    };
    set(0, "high");
    await press();
    expect(find("[role=alert]").textContent).toBe("Please choose");
    set(1, "low");
    await press();
    expect(lastAnswers()).toEqual({ x: { a: "high", b: "low" } });
  });

  test.each([
    [false, [true], true],
    [false, [], false],
    [true, [true, false], undefined],
  ])("consent, required %s, pressed %j, is %s", async (required, presses, expected) => {
    ask({ key: "x", kind: "consent", text: "May we write?", required });
    await begin();
    for (const pressed of presses) {
      inputs()[0]!.checked = pressed;
      inputs()[0]!.dispatchEvent(new Event("change"));
    }
    await press();
    expect(lastAnswers()).toEqual(expected === undefined ? undefined : { x: expected });
  });

  test("contact has the fields asked for, and an address that can be one", async () => {
    ask({ key: "x", kind: "contact", text: "Who?", fields: ["phone", "email", "shoe"] });
    await begin();
    expect(inputs().map(({ type, autocomplete }) => [type, autocomplete])).toEqual([
      ["email", "email"],
      ["tel", "tel"],
    ]);
    const fill = (at: number, value: string) => {
      inputs()[at]!.value = value;
      inputs()[at]!.dispatchEvent(new Event("input"));
    };
    fill(0, "nobody");
    await press();
    expect(find("[role=alert]").textContent).toBe("Please choose");
    fill(0, " a@example.com ");
    await press();
    expect(lastAnswers()).toEqual({ x: { email: "a@example.com" } });
  });

  test("statement is read and passed, whatever it says of being required", async () => {
    ask({ key: "x", kind: "statement", text: "Thanks so far.", required: true }, why!);
    await begin();
    expect(boxText()).toContain("Thanks so far.");
    await press();
    expect(find("textarea")).toBeTruthy();
    expect(sent("PATCH")).toEqual([]);
  });

  test.each([
    ["ranking", { options: options.slice(0, 1) }],
    ["matrix", { rows: options }],
    ["contact", { fields: ["shoe"] }],
    ["nonsense", {}],
  ])("%s that is not whole is not shown", async (kind, more) => {
    ask({ key: "x", kind, text: "?", ...more });
    await loadPage({ survey: "pub1" });
    expect(host()).toBeNull();
  });
});

describe("branches", () => {
  const text = (key: string) => ({ key, kind: "text", text: `Ask ${key}` });
  const to = (op: string, value?: unknown, question = "score", target = "c") => ({
    if: { question, op, value },
    to: target,
  });

  test.each([
    [to("category", "promoter"), 9, "Ask c"],
    [to("category", "detractor"), 9, "Ask a"],
    [to("at_least", 9), 9, "Ask c"],
    [to("at_least", 10), 9, "Ask a"],
    [to("at_most", 6), 2, "Ask c"],
    [to("one_of", [1, 2]), 2, "Ask c"],
    [to("one_of", [1, 3]), 2, "Ask a"],
    [to("answered"), 2, "Ask c"],
    [to("not_answered"), 2, "Ask a"],
    [to("not_answered", undefined, "a"), 2, "Ask c"],
    [to("answered", undefined, "score", "end"), 2, "Thank you"],
    [to("answered", undefined, "score", "score"), 2, "Ask a"],
    [to("answered", undefined, "score", "nowhere"), 2, "Ask a"],
    [{ to: "c" }, 2, "Ask a"],
  ])("%j after a score of %i leads to “%s”", async (branch, value, expected) => {
    const questions = [{ ...score, branches: [branch] }, text("a"), text("b"), text("c")];
    const body = { ...rawSurvey, questions };
    behave((seen) => (seen.method === "GET" ? { status: 200, body } : healthy(seen)));
    await begin(value);
    expect(boxText()).toContain(expected);
  });

  test("are tried in their order, and lead on from where they lead", async () => {
    const first = { ...text("a"), branches: [to("one_of", ["no"], "a", "end"), to("answered", 0, "a")] };
    ask(first, text("b"), text("c"));
    await begin();
    write("yes");
    await press();
    expect(boxText()).toContain("Ask c");
    await press();
    expect(boxText()).toContain("Thank you");
  });
});

describe("headless", () => {
  async function take(): Promise<[Headless, string[]]> {
    const heard: string[] = [];
    let api: Headless | undefined;
    const voc = await loadPage({ survey: "pub1", display: "headless" }, () => {
      window.voc = Object.assign(() => undefined, {
        q: ["shown", "started", "answered", "completed", "closed"].map((type) => [
          "on",
          type,
          (event: { api?: Headless }) => {
            heard.push(type);
            api ||= event.api;
          },
        ]),
      });
    });
    expect(voc).toBe(window.voc);
    return [api!, heard];
  }

  test("says how the workspace looks, for the page to follow", async () => {
    const look = ".box,.handle{--accent:#ffd400}";
    behave(({ method }) => ({ status: 200, body: method === "GET" ? { ...rawSurvey, look } : {} }));
    const [api] = await take();
    expect(api.survey.look).toBe(look);
  });

  test("puts nothing on the page and lets it ask by itself", async () => {
    const [api, heard] = await take();
    expect(host()).toBeNull();
    expect(api.wording).toBe("How likely are you to recommend us?");
    expect(api.next()).toBe("Please choose");
    api.answer("score", 2);
    expect(sent("POST")).toEqual([]);
    expect(api.next()).toBe("");
    expect(api.wording).toBe("What should we do better?");
    api.answer("why", "Slow");
    expect(api.next()).toBe("");
    expect(api.question).toBeNull();
    await settle();
    expect(sent("POST")[0]?.body.answers).toEqual({ score: 2 });
    expect(lastAnswers()).toEqual({ why: "Slow" });
    api.close();
    expect(heard).toEqual(["shown", "started", "answered", "completed", "closed"]);
  });

  test("may end early, once", async () => {
    const [api, heard] = await take();
    api.answer("score", 2);
    api.next();
    api.complete();
    api.complete();
    expect(heard).toEqual(["shown", "started", "answered", "completed"]);
  });

  test("follows the page's language", async () => {
    const [api] = await take();
    document.documentElement.lang = "ja";
    await settle();
    expect(api.survey.language).toBe("ja");
    expect(api.wording).toBe(japanese.questions[0]!.text);
  });
});

describe("consent that is required", () => {
  const everything = () => [sent("GET"), sent("POST"), partsAsked].flat();

  test("is waited for: nothing is asked for and nothing kept", async () => {
    localStorage.setItem("voc:answer:x", "rests from before");
    const voc = await loadPage({ survey: "pub1", consent: "required" });
    voc("identify", "signed");
    voc("track", "bought");
    document.documentElement.lang = "ja";
    dispatchEvent(new Event("online"));
    dispatchEvent(new Event("pagehide"));
    await settle(60_000);
    expect(everything()).toEqual([]);
    expect(Object.keys(localStorage)).toEqual(["voc:answer:x"]);
    voc("consent", true);
    await settle();
    choose(9);
    await press();
    expect(sent("POST")[0]?.body).toMatchObject({ identity: "signed", locale: "ja" });
  });

  test("can be taken back: what is kept goes, what is shown too", async () => {
    behave((seen) => (seen.method === "GET" ? healthy(seen) : "no network"));
    const voc = await loadPage({ survey: "pub1" });
    choose(9);
    await press();
    expect(storedAnswers()).toHaveLength(1);
    const asked = sent("POST").length;
    voc("consent", false);
    expect(host()).toBeNull();
    expect([Object.keys(localStorage), Object.keys(sessionStorage)]).toEqual([[], []]);
    voc("show", "pub1");
    await settle(600_000);
    expect(host()).toBeNull();
    expect(sent("POST")).toHaveLength(asked);
    voc("consent", true);
    await settle();
    expect(host()).not.toBeNull();
  });

  test.each(["rules", "show"])("taken back at once after %s, nothing more is asked for", async (command) => {
    const voc = await loadPage({ survey: "pub1" });
    const before = sent("GET").length + (command === "show" ? 1 : 0);
    partsAsked.length = 0;
    voc(command, "pub1", { display: "modal" });
    voc("consent", false);
    await settle(60_000);
    expect(sent("GET")).toHaveLength(before);
    expect(partsAsked).toEqual(command === "rules" ? ["targeting"] : []);
    voc("consent", true);
    await settle();
    expect(sent("GET").length - before).toBe(command === "rules" ? 1 : 0);
  });

  test("taken back while an answer is under way keeps nothing of it", async () => {
    const voc = await loadPage({ survey: "pub1" });
    choose(9);
    find("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    voc("consent", false);
    await settle();
    expect(sent("POST")).toHaveLength(1);
    expect(Object.keys(localStorage)).toEqual([]);
  });
});

describe("the language", () => {
  test("follows the page while the survey is open, and what was entered stays", async () => {
    await loadPage({ survey: "pub1" });
    choose(7);
    document.documentElement.lang = "ja";
    await settle();
    expect(boxText()).toContain(japanese.questions[0]!.text);
    expect(find<HTMLInputElement>('input[value="7"]').checked).toBe(true);
    expect(host()?.lang).toBe("ja");
  });

  test.each(["tag", "call"])("that a %s names holds whatever the page says", async (by) => {
    const voc = await loadPage({ survey: "pub1", ...(by === "tag" && { locale: "en" }) });
    if (by === "call") {
      voc("show", "pub1", { locale: "en" });
      await settle();
    }
    const asked = sent("GET").length;
    document.documentElement.lang = "ja";
    await settle();
    expect(sent("GET")).toHaveLength(asked);
    expect(boxText()).toContain("How likely");
  });
});
