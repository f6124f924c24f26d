/** A random UUID, version 4. `crypto.randomUUID` is missing on pages without HTTPS. */
export function mintId(): string {
  const [...random] = crypto.getRandomValues(new Uint8Array(32));
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (place) => {
    const digit = random.pop()! & 15;
    return (place === "x" ? digit : (digit & 3) | 8).toString(16);
  });
}
