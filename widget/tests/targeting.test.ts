import { beforeEach, describe, expect, test, vi } from "vitest";
import cases from "../../tests/surveys/targeting_cases.json";
import { lot, whyNot, type Rule, type Visit } from "../src/parts/targeting";
import {
  behave,
  choose,
  find,
  freshBrowser,
  healthy,
  host,
  leavePage,
  loadPage,
  partsAsked,
  press,
  sent,
  settle,
} from "./page";

// Shared with the server's tests: both sides must say the same.
const shared = cases as {
  cases: { name: string; rule: Rule; visit: Visit; reason: string }[];
  lots: { rule: string; visitor: string; lot: number }[];
};

test.each(shared.cases)("the server judges too: $name", ({ rule, visit, reason }) => {
  expect(whyNot(rule, visit)).toBe(reason);
});

test.each(shared.lots)("the server draws too: $rule, $visitor", ({ rule, visitor, lot: expected }) => {
  expect(lot(rule, visitor)).toBe(expected);
});

beforeEach(freshBrowser);

const RULE = { id: "r1", name: "All", survey: "pub1", display: "popover", paths: [], share: 100 };

/** The server has these rules; `identified` where a token comes along. */
function rules(...wanted: object[]): void {
  behave((seen) => {
    if (!seen.url.includes("/targeting")) return healthy(seen);
    const identified = !!seen.identity;
    return { status: 200, body: { identified, rules: wanted.map((rule) => ({ ...RULE, ...rule })) } };
  });
}

function whyOf(voc: (command: string) => unknown): string {
  vi.spyOn(console, "info").mockReturnValue();
  return String(voc("why"));
}

describe("a tag without a survey", () => {
  test("asks once, and shows what the first rule that holds says", async () => {
    rules({ name: "Elsewhere", paths: ["/elsewhere"] }, { id: "r2", name: "Here", survey: "pub2" });
    const voc = await loadPage({});
    expect(sent("GET").map(({ url }) => url.split("?")[0]!.split("/public/v1/")[1])).toEqual([
      "targeting",
      "surveys/pub2",
    ]);
    expect(host()).not.toBeNull();
    expect(whyOf(voc)).toContain('rule "Elsewhere": not on /, other_page');
    expect(whyOf(voc)).toContain('rule "Here": shows pub2 on /');
  });

  test("asks for nothing more as long as no rule holds", async () => {
    rules({ event: "paid" });
    const voc = await loadPage({});
    voc("track", "looked", { rows: 12 });
    await settle(60_000);
    expect(sent("GET")).toHaveLength(1);
    expect(partsAsked).toEqual(["targeting"]);
    expect(host()).toBeNull();
    voc("track", "paid");
    await settle();
    expect(host()).not.toBeNull();
  });

  test("knows what was tracked before the script had loaded", async () => {
    rules({ event: "paid" });
    await loadPage({}, () => {
      window.voc = Object.assign(() => undefined, { q: [["track", "paid"]] });
    });
    expect(host()).not.toBeNull();
  });

  test("waits as long as the rule says, and looks again then", async () => {
    rules({ delay_s: 10, paths: ["/"] });
    await loadPage({});
    await settle(9_000);
    expect(host()).toBeNull();
    await settle(1_000);
    expect(host()).not.toBeNull();
    leavePage();
    sessionStorage.clear();
    localStorage.clear();
    const voc = await loadPage({});
    history.pushState(null, "", "/elsewhere");
    await settle(20_000);
    expect(host()).toBeNull();
    expect(whyOf(voc)).toContain("not any more, other_page");
    history.pushState(null, "", "/");
  });

  test("keeps the days between two surveys of a visitor", async () => {
    rules({ days_between: 30 });
    await loadPage({});
    find(".close").click();
    leavePage();
    sessionStorage.clear();
    const voc = await loadPage({});
    expect(host()).toBeNull();
    expect(whyOf(voc)).toContain("shown_lately");
    leavePage();
    localStorage.setItem("voc:shown", String(Date.now() - 31 * 86_400_000));
    await loadPage({});
    expect(host()).not.toBeNull();
  });

  test("draws the same lot for a visitor on every page, and only where a rule needs one", async () => {
    rules({});
    await loadPage({});
    expect(localStorage.getItem("voc:visitor")).toBeNull();
    leavePage();
    freshBrowser();
    rules({ share: 50 });
    await loadPage({});
    const drawn = localStorage.getItem("voc:visitor");
    expect(drawn).toBeTruthy();
    leavePage();
    await loadPage({});
    expect(localStorage.getItem("voc:visitor")).toBe(drawn);
  });

  test("never shows a second survey over an open one", async () => {
    rules({}, { id: "r2", survey: "pub2", event: "paid" });
    const voc = await loadPage({});
    voc("track", "paid");
    await settle();
    expect(document.querySelectorAll("voc-widget")).toHaveLength(1);
    expect(whyOf(voc)).toContain("a survey is open");
  });

  test("sends the token in a header, never in the address, also when it comes later", async () => {
    rules({ only_identified: true });
    const voc = await loadPage({});
    expect(host()).toBeNull();
    voc("identify", "signed");
    await settle();
    expect(host()).not.toBeNull();
    expect(sent("GET").filter(({ identity }) => identity).map(({ url }) => url)).toEqual([
      "https://voice.example.com/public/v1/targeting?key=pk",
      "https://voice.example.com/public/v1/surveys/pub1?key=pk&locale=en",
    ]);
    choose(9);
    await press();
    expect(sent("POST")[0]?.body.identity).toBe("signed");
  });

  test.each([
    ["is down", "no network" as const],
    ["sends a page", { status: 200, body: "<html>" }],
    ["sends null", { status: 200, body: null }],
    ["sends no list", { status: 200, body: { rules: "all" } }],
    ["sends rubbish as rules", { status: 200, body: { rules: [1, null, { paths: 7, share: "x" }] } }],
  ])("and a server that %s leave the page as it was", async (_, answer) => {
    behave((seen) => (seen.url.includes("/targeting") ? answer : { status: 404, body: {} }));
    const voc = await loadPage({});
    voc("track", "paid");
    await settle(60_000);
    expect(host()).toBeNull();
  });

  test("waits for consent before it asks or keeps anything", async () => {
    rules({ share: 99 });
    const voc = await loadPage({ consent: "required" });
    voc("track", "paid");
    await settle(10_000);
    expect([sent("GET"), partsAsked, Object.keys(localStorage)]).toEqual([[], [], []]);
    voc("consent", true);
    await settle();
    expect(sent("GET")[0]?.url).toContain("/targeting");
    voc("consent", false);
    expect(Object.keys(localStorage)).toEqual([]);
  });

  test("consent that is given again has the rules asked for anew, and judged once", async () => {
    rules({ paths: ["/paid"] });
    const voc = await loadPage({});
    voc("consent", false);
    voc("consent", true);
    await settle();
    const asked = (what: string) => sent("GET").filter(({ url }) => url.includes(what)).length;
    expect(asked("/targeting")).toBe(2);
    history.pushState({}, "", "/paid");
    dispatchEvent(new Event("popstate"));
    await settle();
    history.pushState({}, "", "/");
    expect(asked("/surveys/pub1")).toBe(1);
    expect(host()).not.toBeNull();
  });
});
