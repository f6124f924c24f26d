/** Starts the widget from its script tag and works off the calls made before it loaded. */
import { explain } from "./reasons";
import { createVoc, type Voc } from "./voc";

declare global {
  interface Window {
    voc?: Voc;
  }
}

function install(tag: HTMLScriptElement, key: string): Voc {
  const early = window.voc?.q || [];
  const voc = createVoc({
    base: new URL(tag.src).origin,
    key,
    locale: tag.dataset.locale,
    consent: tag.dataset.consent !== "required",
  });
  voc.loaded = true;
  window.voc = voc;
  for (const call of Array.from(early)) voc(...(Array.from(call) as [string]));
  return voc;
}

/**
 * Run once per script tag. A second tag on the page adds its survey to the first one's
 * `voc`. Never throws: the page has more important things to do.
 */
export function start(): void {
  try {
    const current = document.currentScript || document.querySelector("script[data-key]");
    const tag = current as HTMLScriptElement | null;
    const { key, survey, delighted } = tag?.dataset || {};
    if (!tag || !key) return console.warn("voc: no data-key");
    const voc = window.voc?.loaded ? window.voc : install(tag, key);
    const options = { ...tag.dataset, after: tag, byItself: true };
    if (delighted !== undefined) voc("delighted", options);
    else if (survey) voc("show", survey, options);
    else voc("rules");
  } catch (error) {
    explain(`not started, ${error}`);
  }
}
