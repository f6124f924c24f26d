/** The display behind a tab at the edge of the page. */
import { el } from "../dom";
import { createFrame as createPlain, type Frame, type FrameSettings } from "../frame";
import css from "./tab.css";

export function createFrame(settings: FrameSettings): Frame {
  const box = el("div", { role: "dialog" });
  const tab = el("button", { className: "handle", type: "button", "aria-expanded": false });
  const expand = (expanded: boolean) => tab.setAttribute("aria-expanded", String(expanded));
  tab.addEventListener("click", () => (box.hidden ? settings.onTab() : settings.onDismiss()));
  const shape = { box, tab, opened: () => expand(true), closed: () => expand(false) };
  const frame = createPlain(settings, shape);
  frame.style(css);
  return {
    ...frame,
    speak(language, direction, label) {
      const word = /^ja/.test(language) ? "ご意見" : "Feedback";
      frame.speak(language, direction, label || word);
    },
  };
}
