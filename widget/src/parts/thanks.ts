/** The author's link below the thanks, to a site of reviews, say: loaded for whoever is shown one. */
import { el } from "../dom";
import css from "./thanks.css";

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

/** Put `link` into `box`: an address, a blank, and its words. */
export function onward(box: HTMLElement, link: string): void {
  box.querySelector(".onward")?.remove(); // In the language of before.
  const [, href, label] = /^(https:\/\/\S+) (.+)$/.exec(link) || [];
  if (!href || !label) return;
  const root = box.getRootNode() as ShadowRoot;
  if (!root.adoptedStyleSheets.includes(sheet)) {
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }
  const anchor = el("a", { className: "primary", href, target: "_blank" }, label);
  anchor.rel = "noopener noreferrer nofollow";
  anchor.append(el("span", { "aria-hidden": true }, " \u2197"));
  box.querySelector(".status")?.after(el("div", { className: "actions onward" }, anchor));
}
