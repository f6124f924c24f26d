/**
 * Parts of the widget that only some surveys need. An import carries the nonce of our own
 * script tag and passes a policy that lists our host; the version lets caches keep a part for
 * as long as they like.
 */
import { explain } from "./reasons";

declare const PARTS_VERSION: string;

/** The module `name` from the server; undefined where it cannot be had, and `why` says so. */
export async function loadPart<Part>(base: string, name: string): Promise<Part | undefined> {
  try {
    return (await import(
      /* webpackIgnore: true */ /* @vite-ignore */ `${base}/widget/${encodeURIComponent(name)}.js?v=${PARTS_VERSION}`
    )) as Part;
  } catch (error) {
    explain(`the part "${name}" could not be loaded, ${error}`);
    return undefined;
  }
}
