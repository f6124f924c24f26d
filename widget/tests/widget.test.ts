import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  behave,
  boxText,
  choose,
  deaf,
  find,
  freshBrowser,
  healthy,
  host,
  leavePage,
  loadPage,
  press,
  pressKey,
  rawSurvey,
  sent,
  settle,
  write,
  type Server,
} from "./page";

beforeEach(freshBrowser);

const EVENTS = ["shown", "started", "answered", "completed", "closed", "error"];

function queueBeforeLoad(...calls: unknown[][]): void {
  const early = Object.assign(() => undefined, { q: calls });
  window.voc = early as NonNullable<typeof window.voc>;
}

describe("calls of the page", () => {
  test("made before the script had loaded are worked off in order", async () => {
    const heard: string[] = [];
    const listen = EVENTS.map((type) => ["on", type, () => heard.push(type)]);
    const here = document.createElement("div");
    here.id = "here";
    document.body.append(here);
    await loadPage({}, () =>
      queueBeforeLoad(
        ...listen,
        ["identify", "signed"],
        ["show", "pub1", { display: "inline", target: "#here" }],
      ),
    );
    expect(here.querySelector("voc-widget")).toBe(host());
    choose(9);
    await press();
    await press();
    expect(heard).toEqual(["shown", "started", "answered", "completed"]);
    expect(sent("POST")[0]?.body.identity).toBe("signed");
  });

  test("and tags say the moment that an answer is about", async () => {
    const voc = await loadPage({ survey: "pub1", touchpoint: " after checkout " });
    choose(9);
    await press();
    voc("close");
    voc("show", "pub2", { touchpoint: "t".repeat(200) });
    await settle();
    choose(9);
    await press();
    voc("close");
    voc("show", "pub3");
    await settle();
    choose(9);
    await press();
    const told = sent("POST").map(({ body }) => body.touchpoint);
    expect(told).toEqual(["after checkout", "t".repeat(100), undefined]);
  });

  test("that are nonsense do no harm", async () => {
    const voc = await loadPage({});
    for (const command of ["nonsense", "show", "on", "toString", "__proto__"]) {
      expect(() => voc(command, { toString: null }, 7)).not.toThrow();
    }
    voc("show", "pub1", { display: "inline", target: ":::" });
    await settle();
    expect(host()).toBeNull();
  });

  test("hear of their own mistakes without the widget stopping", async () => {
    const complaint = vi.spyOn(console, "error").mockReturnValue();
    const voc = await loadPage({ survey: "pub1" });
    voc("on", "started", () => {
      throw new Error("of the page");
    });
    choose(9);
    await press();
    expect(complaint).toHaveBeenCalledOnce();
    expect(sent("POST")).toHaveLength(1);
  });

  test("learn why nothing is shown", async () => {
    vi.spyOn(console, "info").mockReturnValue();
    const voc = await loadPage({});
    expect(String(voc("why"))).toContain("the targeting rules did not come");
    behave(() => ({ status: 404, body: {} }));
    voc("show", "gone");
    await settle();
    expect(String(voc("why"))).toContain("gone: not shown, the server answered 404");
  });

  test("from a second tag reach the same widget", async () => {
    const voc = await loadPage({ survey: "pub1" });
    document.body.querySelector("script")?.remove();
    expect(await loadPage({ survey: "pub2", display: "tab" })).toBe(voc);
    expect(document.querySelectorAll("voc-widget")).toHaveLength(2);
  });
});

describe("the scale", () => {
  test("is a native radio group that names its ends", async () => {
    await loadPage({ survey: "pub1" });
    const radios = [...find("fieldset").querySelectorAll<HTMLInputElement>("input[type=radio]")];
    expect(radios.map(({ value }) => value)).toEqual([..."0123456789", "10"]);
    expect(new Set(radios.map(({ name }) => name)).size).toBe(1);
    expect(find("legend").textContent).toBe("How likely are you to recommend us?");
    expect(find("label:first-child").textContent).toBe("0, Not at all likely");
    expect(find("label:last-child").textContent).toBe("10, Extremely likely");
  });

  test("sends nothing while an arrow key moves over it, only on the button", async () => {
    await loadPage({ survey: "pub1" });
    for (const value of [0, 1, 2]) {
      pressKey("ArrowRight", find(`input[value="${value}"]`));
      choose(value);
      await settle(60_000);
    }
    expect(sent("POST")).toEqual([]);
    expect(find("legend")).toBeTruthy();
    await press();
    expect(sent("POST").map(({ body }) => body.answers)).toEqual([{ score: 2 }]);
  });

  test("asks for a choice before it goes on", async () => {
    await loadPage({ survey: "pub1" });
    await press();
    expect(find("[role=alert]").textContent).toBe("Please choose");
    expect(sent("POST")).toEqual([]);
  });

  test("may come after another question, whose answer then goes along", async () => {
    const [scale, why] = rawSurvey.questions;
    behave((seen) =>
      seen.method === "GET"
        ? { status: 200, body: { ...rawSurvey, questions: [why, scale] } }
        : healthy(seen),
    );
    await loadPage({ survey: "pub1" });
    write("Slow");
    await press();
    expect(sent("POST")).toEqual([]);
    choose(2);
    await press();
    expect(sent("POST").map(({ body }) => body.answers)).toEqual([{ why: "Slow", score: 2 }]);
    expect(sent("PATCH")).toEqual([]);
  });

  test("decides the wording of what follows", async () => {
    await loadPage({ survey: "pub1" });
    choose(2);
    await press();
    expect(find("label.question").textContent).toBe("What should we do better?");
  });
});

describe("the comment", () => {
  test("may be left out", async () => {
    await loadPage({ survey: "pub1" });
    choose(9);
    await press();
    await press();
    expect(boxText()).toContain("Thank you");
    expect(sent("PATCH")).toEqual([]);
  });

  test("is thanked for at once, and the wait for the network is owned up to", async () => {
    behave(deaf("no network"));
    await loadPage({ survey: "pub1" });
    choose(2);
    await press();
    write("Slow");
    await press();
    expect(boxText()).toContain("Thank you");
    expect(find("[role=status]").textContent).toBe("Trying again");
    behave(healthy);
    await settle(60_000);
    expect(find("[role=status]").textContent).toBe("Saved");
  });

  test("is not called saved while it is on its way, though the score has arrived", async () => {
    await loadPage({ survey: "pub1" });
    choose(2);
    await press();
    behave(deaf("no network"));
    write("Slow");
    find("form").dispatchEvent(new Event("submit", { cancelable: true }));
    expect(boxText()).toContain("Thank you");
    expect(find("[role=status]").textContent).toBe("");
    await settle();
    expect(find("[role=status]").textContent).toBe("Trying again");
  });

  test("is thanked for in the words that its score has", async () => {
    await loadPage({ survey: "pub1" });
    choose(9);
    await press();
    expect(find("[role=status]").textContent).toBe("");
    await press();
    expect(find("[role=status]").textContent).toBe("Saved. You made our day");
  });
});

describe("focus and keys", () => {
  function pageButton(): HTMLButtonElement {
    const button = document.createElement("button");
    document.body.append(button);
    button.focus();
    return button;
  }

  test.each(["popover", "modal"])("go into a %s, and Esc closes it and gives back", async (display) => {
    const button = pageButton();
    const voc = await loadPage({});
    const closed: unknown[] = [];
    voc("on", "closed", (detail: unknown) => closed.push(detail));
    voc("show", "pub1", { display });
    await settle();
    expect(host()?.shadowRoot?.activeElement).toBe(find(".box"));
    pressKey("Escape");
    expect(host()).toBeNull();
    expect(document.activeElement).toBe(button);
    expect(closed).toEqual([{ type: "closed", survey: "pub1", id: null, completed: false }]);
  });

  test("stay with somebody who is typing when a popover comes up", async () => {
    const field = document.createElement("input");
    document.body.append(field);
    field.focus();
    await loadPage({ survey: "pub1", display: "popover" });
    expect(find("legend")).toBeTruthy();
    expect(document.activeElement).toBe(field);
  });

  test("go back to the side tab, which keeps a choice made before closing", async () => {
    await loadPage({ survey: "pub1", display: "tab" });
    expect(find(".box").hidden).toBe(true);
    find(".handle").click();
    expect(find(".handle").getAttribute("aria-expanded")).toBe("true");
    choose(7);
    pressKey("Escape");
    expect(find(".box").hidden).toBe(true);
    expect(host()?.shadowRoot?.activeElement).toBe(find(".handle"));
    find(".handle").click();
    await press();
    expect(sent("POST")[0]?.body.answers).toEqual({ score: 7 });
  });

  test("that end a Japanese conversion do not close", async () => {
    await loadPage({ survey: "pub1", display: "popover" });
    const settings = { key: "Escape", isComposing: true, bubbles: true, composed: true };
    find(".box").dispatchEvent(new KeyboardEvent("keydown", settings));
    expect(host()).not.toBeNull();
  });

  test("typed into the widget do not reach shortcuts of the page", async () => {
    const heard = vi.fn();
    document.addEventListener("keydown", heard);
    await loadPage({ survey: "pub1" });
    pressKey("j", find("legend"));
    document.removeEventListener("keydown", heard);
    expect(heard).not.toHaveBeenCalled();
  });
});

describe("language", () => {
  test("stands on the widget and follows the page", async () => {
    document.documentElement.lang = "ja";
    await loadPage({ survey: "pub1" });
    expect(find(".box").lang).toBe("ja");
    expect(host()?.lang).toBe("ja");
    expect(boxText()).toContain("おすすめ度");
  });

  test("can be switched while open, and the choice stays", async () => {
    const voc = await loadPage({ survey: "pub1" });
    choose(9);
    voc("locale", "ja");
    await settle();
    expect(boxText()).toContain("おすすめ度");
    expect(find<HTMLInputElement>("input:checked").value).toBe("9");
  });

  test("may run from right to left", async () => {
    behave(() => ({ status: 200, body: { ...rawSurvey, language: "ar", direction: "rtl" } }));
    await loadPage({ survey: "pub1" });
    expect(find(".box").dir).toBe("rtl");
  });
});

describe("a server that is not well", () => {
  const [scale] = rawSurvey.questions;
  const withQuestions = (questions: unknown): Server => () => ({
    status: 200,
    body: { ...rawSurvey, questions },
  });
  const cases: [string, Server][] = [
    ["is down", () => "no network"],
    ["never answers", () => "never"],
    ["is broken", () => ({ status: 500, body: "oops" })],
    ["sends a page", () => ({ status: 200, body: "<html></html>" })],
    ["sends null", () => ({ status: 200, body: null })],
    ["sends a list", () => ({ status: 200, body: [] })],
    ["sends no questions", withQuestions([])],
    ["sends numbers as questions", withQuestions([1, 2])],
    ["sends an object as questions", withQuestions({ length: 2 })],
    ["sends an unknown kind", withQuestions([{ ...scale, kind: "toString" }])],
    ["sends one good question and one bad", withQuestions([scale, { key: "x" }])],
    ["sends a choice without options", withQuestions([{ key: "x", kind: "choice", text: "?" }])],
    ["sends no question of the survey's kind", withQuestions([rawSurvey.questions[1]])],
    ["sends no words", () => ({ status: 200, body: { ...rawSurvey, texts: null } })],
  ];

  test.each(cases)("and %s leaves the page as it was", async (_, server) => {
    behave(server);
    const voc = await loadPage({ survey: "pub1" });
    await settle(120_000);
    expect(host()).toBeNull();
    vi.spyOn(console, "info").mockReturnValue();
    expect(String(voc("why"))).toContain("pub1: not shown");
  });

  test("cannot put markup into the page", async () => {
    const evil = "<img src=x onerror=alert(1)>";
    const evilTexts = Object.fromEntries(Object.keys(rawSurvey.texts).map((key) => [key, evil]));
    const evilQuestions = [
      { ...scale, text: evil, low_label: evil, high_label: evil },
      { key: "c", kind: "choice", text: evil, options: [{ key: "a", label: evil }] },
      { key: "why", kind: "text", text: evil, wording_by_category: { promoter: evil } },
    ];
    behave((seen) =>
      seen.method === "GET"
        ? { status: 200, body: { ...rawSurvey, questions: evilQuestions, texts: evilTexts } }
        : healthy(seen),
    );
    await loadPage({ survey: "pub1", display: "tab" });
    find(".handle").click();
    choose(9);
    for (let step = 0; step < 4; step++) {
      expect(boxText()).toContain(evil);
      expect(host()?.shadowRoot?.querySelector("img")).toBeNull();
      await press();
    }
  });
});

describe("a survey that comes up by itself", () => {
  test("stays away after it was answered", async () => {
    await loadPage({ survey: "pub1", display: "popover" });
    choose(9);
    await press();
    leavePage();
    await loadPage({ survey: "pub1", display: "popover" });
    expect(host()).toBeNull();
  });

  test("stays away for this visit after it was closed", async () => {
    await loadPage({ survey: "pub1", display: "popover" });
    find(".close").click();
    leavePage();
    await loadPage({ survey: "pub1", display: "popover" });
    expect(host()).toBeNull();
    sessionStorage.clear();
    leavePage();
    await loadPage({ survey: "pub1", display: "popover" });
    expect(host()).not.toBeNull();
  });

  test("comes all the same when the page asks for it", async () => {
    await loadPage({ survey: "pub1", display: "popover" });
    find(".close").click();
    window.voc?.("show", "pub1");
    await settle();
    expect(host()).not.toBeNull();
  });
});

test("styles come as a sheet, which no policy of the page forbids", async () => {
  await loadPage({ survey: "pub1" });
  expect(host()?.shadowRoot?.adoptedStyleSheets).toHaveLength(1);
  expect(host()?.shadowRoot?.querySelector("style")).toBeNull();
});

test("the look of the workspace comes with the survey, after the widget's own styles", async () => {
  const body = { ...rawSurvey, look: ".box,.handle{--accent:#ffd400}" };
  behave(() => ({ status: 200, body }));
  await loadPage({ survey: "pub1" });
  const rules = host()!.shadowRoot!.adoptedStyleSheets[0]!.cssRules;
  expect(rules[rules.length - 1]?.cssText).toContain("--accent: #ffd400");
});
