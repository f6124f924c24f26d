import { beforeEach, expect, test, vi } from "vitest";
import { createQueue, type Kept } from "../src/kiosk/queue";

const item = (id: string, at: number): Kept => ({ id, url: "/kiosk/pub1", body: { id }, at });

/** Ids that reached the server, in order. */
let arrived: unknown[];

beforeEach(() => {
  localStorage.clear();
  arrived = [];
  vi.stubGlobal("fetch", async (url: string, { body }: { body: string }) => {
    if (url !== "/kiosk/pub1") return new Response("", { status: 404 });
    arrived.push(JSON.parse(body).id);
    return new Response("{}", { status: 201 });
  });
});

test.each([
  ["cut off", "{"],
  ["of another kind", "5"],
  ["without an address", '{"id": "broken", "body": {}, "at": 1}'],
  ["under another name", JSON.stringify(item("other", 1))],
])("an entry that is %s holds up none of the answers that are kept beside it", async (_, text) => {
  localStorage.setItem("kiosk:answer:broken", text);
  const queue = createQueue(() => {});
  queue.keep(item("a", 2));
  queue.keep(item("b", 3));
  expect(queue.size()).toBe(2);
  await queue.send();
  expect(arrived).toEqual(["a", "b"]);
  expect(queue.size()).toBe(0);
});
