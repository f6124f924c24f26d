// Keeps the pages of kiosks on the device: from the network where there is one, else as they were.
const WAIT_MS = 5_000;
/** A survey that takes no answers says so without a network, too. */
const OVER = [403, 404, 410];

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).origin === self.location.origin;
  if (request.method === "GET" && isOurs) event.respondWith(answer(request));
});

async function answer(request) {
  const cache = await caches.open("kiosk");
  const kept = await cache.match(request, { ignoreVary: true });
  const asked = fetch(request).then(async (reply) => {
    const isWhole = (reply.ok || OVER.includes(reply.status)) && !reply.redirected;
    if (isWhole) await cache.put(request, reply.clone());
    return isWhole ? reply : kept || reply;
  });
  if (!kept) return asked;
  const late = new Promise((resolve) => setTimeout(resolve, WAIT_MS, kept));
  return Promise.race([asked.catch(() => kept), late]);
}
