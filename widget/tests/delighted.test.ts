import { beforeEach, expect, test, vi } from "vitest";
import { boxText, choose, freshBrowser, host, leavePage, loadPage, press, sent, settle } from "./page";

interface Page {
  delighted?: Record<string, (...rest: unknown[]) => void>;
}
const page = window as unknown as Page;

/** What the snippet of the SDK does before its script comes. */
function snippet(): void {
  const calls: unknown[] = [];
  const stand = (name: string) => (...rest: unknown[]) => void calls.push([name, rest]);
  page.delighted = Object.assign(calls, {
    survey: stand("survey"),
    reset: stand("reset"),
  }) as unknown as NonNullable<Page["delighted"]>;
}

beforeEach(() => {
  freshBrowser();
  delete page.delighted;
});

const ANNA = { email: "anna@example.com", name: "Anna", createdAt: "2024-01-01T00:00:00Z" };

test("a call that the snippet queued shows the survey of our tag", async () => {
  await loadPage({ survey: "pub1", delighted: "" }, () => {
    snippet();
    page.delighted?.survey?.({ ...ANNA, properties: { locale: "ja", questionProductName: "X" } });
  });
  expect(boxText()).toContain("おすすめ度");
});

test("nothing is shown before the page asks for it", async () => {
  await loadPage({ survey: "pub1", delighted: "" }, snippet);
  expect(host()).toBeNull();
  page.delighted?.survey?.(ANNA);
  await settle();
  expect(host()).not.toBeNull();
});

test("nobody answers as another: an address that nobody signed is sent nowhere", async () => {
  vi.spyOn(console, "info").mockReturnValue();
  const voc = await loadPage({ survey: "pub1", delighted: "" }, snippet);
  page.delighted?.survey?.({ ...ANNA, properties: { plan: "pro" } });
  await settle();
  choose(9);
  await press();
  expect(sent("POST")).toHaveLength(1);
  expect(JSON.stringify([sent("GET"), sent("POST")])).not.toMatch(/anna|pro"/i);
  expect(String(voc("why"))).toContain("nobody signed them");
});

test("a signed token in the call says who answers", async () => {
  await loadPage({ survey: "pub1", delighted: "" }, snippet);
  page.delighted?.survey?.({ ...ANNA, identity: "signed" });
  await settle();
  choose(9);
  await press();
  expect(sent("POST")[0]?.body.identity).toBe("signed");
});

test("who answered is not asked again by the next call", async () => {
  const visit = async () => {
    await loadPage({ survey: "pub1", delighted: "" }, snippet);
    page.delighted?.survey?.(ANNA);
    await settle();
  };
  await visit();
  choose(9);
  await press();
  leavePage();
  await visit();
  expect(host()).toBeNull();
});

test("without a survey on the tag the targeting rules decide", async () => {
  await loadPage({ delighted: "" }, snippet);
  expect(sent("GET")).toEqual([]);
  page.delighted?.survey?.(ANNA);
  await settle();
  expect(sent("GET")[0]?.url).toContain("/targeting");
});

test.each([[undefined], [null], [7], ["x"], [{ properties: 7 }], [{ properties: { locale: {} } }]])(
  "a call with %j does no harm",
  async (asked) => {
    await loadPage({ survey: "pub1", delighted: "" }, snippet);
    expect(() => page.delighted?.survey?.(asked)).not.toThrow();
    expect(() => page.delighted?.reset?.()).not.toThrow();
    await settle();
    expect(host()).not.toBeNull();
  },
);

test.each([[undefined], [null], ["nonsense"], [{}], [[1, ["x"], ["toString", 7], ["survey", null]]]])(
  "a page where `delighted` is %j does no harm",
  async (found) => {
    await loadPage({ survey: "pub1", delighted: "" }, () => {
      (page as { delighted?: unknown }).delighted = found;
    });
    page.delighted?.survey?.({});
    await settle();
    expect(host()).not.toBeNull();
  },
);
