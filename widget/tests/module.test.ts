import { beforeEach, expect, test } from "vitest";
import type { Events } from "../package/index";
import { BASE, choose, freshBrowser, host, press, sent, settle } from "./page";

beforeEach(freshBrowser);

test("importing the module asks for nothing and leaves the page alone", async () => {
  await import("../src/index");
  await settle();
  expect(sent("GET")).toEqual([]);
  expect(window.voc).toBeUndefined();
});

test("it shows a survey, tells of it, and is made once", async () => {
  const { init } = await import("../src/index");
  const voc = init({ server: `${BASE}/anything`, key: "pk" });
  expect(init({ server: BASE, key: "another" })).toBe(voc);
  const heard: Events["completed"][] = [];
  voc("on", "completed", (event) => heard.push(event));
  voc("show", "pub1", { touchpoint: "after checkout" });
  await settle();
  expect(host()).not.toBeNull();
  choose(9);
  await press();
  await press();
  expect(sent("POST")[0]?.body).toMatchObject({ key: "pk", touchpoint: "after checkout" });
  expect(heard.map(({ survey }) => survey)).toEqual(["pub1"]);
});

test("it waits for consent where that is required", async () => {
  const { init } = await import("../src/index");
  const voc = init({ server: BASE, key: "pk", consent: "required" });
  voc("show", "pub1");
  await settle(1_000);
  expect(sent("GET")).toEqual([]);
  voc("consent", true);
  await settle();
  expect(host()).not.toBeNull();
});
