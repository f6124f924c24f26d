import { beforeEach, describe, expect, test } from "vitest";
import {
  BASE,
  behave,
  choose,
  deaf,
  find,
  freshBrowser,
  healthy,
  leavePage,
  loadPage,
  press,
  sent,
  settle,
  storedAnswers,
  write,
} from "./page";

const MINUTE = 60_000;

beforeEach(freshBrowser);

async function answerScore(score: number): Promise<void> {
  await loadPage({ survey: "pub1", display: "modal" });
  choose(score);
  await press();
}

describe("the first answer", () => {
  test("goes out with what the contract names and nothing else", async () => {
    const voc = await loadPage({ survey: "pub1" });
    voc("identify", "signed");
    choose(9);
    await press();
    const [post] = sent("POST");
    expect(post?.url).toBe(`${BASE}/public/v1/responses`);
    expect(post?.body).toEqual({
      key: "pk",
      survey: "pub1",
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      survey_version: 3,
      answers: { score: 9 },
      locale: "en",
      page: location.origin + location.pathname,
      identity: "signed",
    });
  });

  test("comes from a survey that was asked for as whoever the page has named", async () => {
    const voc = await loadPage({});
    voc("identify", "signed");
    voc("show", "pub1");
    await settle();
    const asked = sent("GET").filter(({ url }) => url.includes("/surveys/pub1"));
    expect(asked.map(({ identity }) => identity)).toEqual(["signed"]);
  });

  test("is stored nowhere once the server has it", async () => {
    await answerScore(9);
    expect(sent("POST")).toHaveLength(1);
    expect(storedAnswers()).toEqual([]);
  });

  test.each([
    ["the network is away", "no network" as const],
    ["the server is broken", { status: 503, body: "down" }],
    ["the server is slow beyond measure", { status: 408, body: {} }],
    ["there are too many requests", { status: 429, body: {} }],
    ["a login page of the network answers", { status: 200, body: "<html>sign in</html>" }],
  ])("keeps its id over repeats while %s", async (_, trouble) => {
    behave(deaf(trouble));
    await answerScore(9);
    await settle(MINUTE);
    const tried = sent("POST").length;
    expect(tried).toBeGreaterThan(3);
    expect(storedAnswers()).toHaveLength(1);
    behave(healthy);
    await settle(10 * MINUTE);
    expect(new Set(sent("POST").map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(sent("POST")).toHaveLength(tried + 1);
    expect(storedAnswers()).toEqual([]);
  });

  test("is tried less and less often", async () => {
    behave(deaf("no network"));
    await answerScore(9);
    await settle(MINUTE);
    const firstMinute = sent("POST").length;
    await settle(MINUTE);
    expect(sent("POST").length - firstMinute).toBeLessThan(firstMinute);
  });

  test("goes out at once when the browser is online again", async () => {
    behave(deaf("no network"));
    await answerScore(9);
    await settle(10 * MINUTE);
    behave(healthy);
    const tried = sent("POST").length;
    dispatchEvent(new Event("online"));
    await settle();
    expect(sent("POST")).toHaveLength(tried + 1);
    expect(storedAnswers()).toEqual([]);
  });

  test("goes out when the person leaves the page while it waits", async () => {
    behave(deaf("no network"));
    await answerScore(9);
    const tried = sent("POST").length;
    dispatchEvent(new Event("pagehide"));
    expect(sent("POST")).toHaveLength(tried + 1);
  });

  test("survives a reload and goes out with the same body", async () => {
    behave(deaf("no network"));
    await answerScore(9);
    leavePage();
    behave(healthy);
    await loadPage({});
    const bodies = sent("POST").map(({ body }) => JSON.stringify(body));
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
    expect(storedAnswers()).toEqual([]);
  });

  test("is given up, and the page told, when the server refuses it for good", async () => {
    behave(deaf({ status: 409, body: {} }));
    const voc = await loadPage({ survey: "pub1" });
    const errors: unknown[] = [];
    voc("on", "error", (detail: unknown) => errors.push(detail));
    choose(9);
    await press();
    await settle(10 * MINUTE);
    expect(sent("POST")).toHaveLength(1);
    expect(storedAnswers()).toEqual([]);
    expect(errors).toEqual([{ type: "error", id: sent("POST")[0]?.body.id, status: 409 }]);
  });

  test("goes out without a name when the signed identity has run out", async () => {
    behave((seen) => ("identity" in seen.body ? { status: 403, body: {} } : healthy(seen)));
    const voc = await loadPage({ survey: "pub1" });
    voc("identify", "out of date");
    choose(9);
    await press();
    const [named, nameless] = sent("POST").map(({ body }) => body);
    const { identity, ...rest } = named ?? {};
    expect(identity).toBe("out of date");
    expect(nameless).toEqual(rest);
    expect(storedAnswers()).toEqual([]);
  });

  test("is not hammered at a server that asks for an endless wait", async () => {
    behave(deaf({ status: 429, body: {}, headers: { "Retry-After": "1e12" } }));
    await answerScore(9);
    await settle(59 * MINUTE);
    expect(sent("POST")).toHaveLength(1);
    await settle(2 * MINUTE);
    expect(sent("POST")).toHaveLength(2);
  });

  test("is given up after thirty days", async () => {
    behave(deaf("no network"));
    await answerScore(9);
    leavePage();
    await settle(31 * 24 * 60 * MINUTE);
    const tried = sent("POST").length;
    await loadPage({});
    expect(sent("POST")).toHaveLength(tried);
    expect(storedAnswers()).toEqual([]);
  });
});

describe("the comment", () => {
  test("is added to the same answer with its token", async () => {
    await answerScore(2);
    write("  Slow export  ");
    await press();
    const [post] = sent("POST");
    const [patch] = sent("PATCH");
    expect(patch?.url).toBe(`${BASE}/public/v1/responses/${post?.body.id}`);
    expect(patch?.body).toEqual({
      edit_token: "token",
      revision: expect.any(Number),
      answers: { why: "Slow export" },
    });
    expect(storedAnswers()).toEqual([]);
  });

  test("outlives the page unless it is longer than browsers allow", async () => {
    const { createDelivery } = await import("../src/delivery");
    const delivery = createDelivery(() => undefined, () => true);
    delivery.submit(BASE, "id1", { id: "id1" });
    delivery.amend("id1", { why: "長".repeat(20_000) });
    await settle();
    expect(sent("POST")[0]?.keepalive).toBe(true);
    expect(sent("PATCH")[0]?.keepalive).toBe(false);
  });

  test("is sent as whole characters", async () => {
    await answerScore(2);
    write("𠮷\ud83d");
    await press();
    expect(sent("PATCH")[0]?.body.answers).toEqual({ why: "𠮷" });
  });

  test("waits for the score to arrive first", async () => {
    behave(deaf("no network"));
    await answerScore(2);
    write("Slow");
    await press();
    await settle(MINUTE);
    expect(sent("PATCH")).toEqual([]);
    behave(healthy);
    await settle(10 * MINUTE);
    expect(sent("PATCH")).toHaveLength(1);
    expect(sent("POST").pop()?.body.answers).toEqual({ score: 2 });
  });

  test("comes with a higher revision each time something is added", async () => {
    const { createDelivery } = await import("../src/delivery");
    const delivery = createDelivery(() => undefined, () => true);
    delivery.submit(BASE, "id1", { id: "id1" });
    await settle();
    delivery.amend("id1", { why: "a" });
    await settle();
    delivery.amend("id1", { more: "b" });
    await settle();
    const [first, second] = sent("PATCH").map(({ body }) => body);
    expect(second?.revision).toBeGreaterThan(first?.revision as number);
    expect(second?.answers).toEqual({ why: "a", more: "b" });
  });

  test("survives a reload with its token, and the score is not sent again", async () => {
    behave((seen) => (seen.method === "PATCH" ? "no network" : healthy(seen)));
    await answerScore(2);
    write("Slow");
    await press();
    leavePage();
    behave(healthy);
    await loadPage({});
    expect(sent("POST")).toHaveLength(1);
    expect(sent("PATCH")).toHaveLength(2);
    expect(sent("PATCH")[1]?.body).toEqual(sent("PATCH")[0]?.body);
    expect(storedAnswers()).toEqual([]);
  });

  test("gets a new token when the old one is refused, once", async () => {
    behave((seen) => (seen.method === "PATCH" ? { status: 403, body: {} } : healthy(seen)));
    await answerScore(2);
    write("Slow");
    await press();
    await settle(10 * MINUTE);
    expect(sent("POST")).toHaveLength(2);
    expect(sent("PATCH")).toHaveLength(2);
    expect(storedAnswers()).toEqual([]);
  });
});

describe("storage that is denied", () => {
  test("costs only the memory beyond the page", async () => {
    behave(deaf("no network"));
    const original = Object.getOwnPropertyDescriptor(globalThis, "localStorage")!;
    const get = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    Object.defineProperty(globalThis, "localStorage", { configurable: true, get });
    try {
      await answerScore(9);
      expect(find("textarea")).toBeTruthy();
      behave(healthy);
      await settle(MINUTE);
      expect(new Set(sent("POST").map(({ body }) => body.id)).size).toBe(1);
      const tried = sent("POST").length;
      await settle(10 * MINUTE);
      expect(sent("POST")).toHaveLength(tried);
    } finally {
      Object.defineProperty(globalThis, "localStorage", original);
    }
  });
});
