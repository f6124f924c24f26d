/** The display over a page that has to wait: a modal dialog. */
import { el } from "../dom";
import { createFrame as createPlain, type Frame, type FrameSettings } from "../frame";
import css from "./modal.css";

export function createFrame(settings: FrameSettings): Frame {
  const box = el("dialog");
  box.addEventListener("cancel", (event) => {
    event.preventDefault(); // Closed by us, so that the page is told.
    settings.onDismiss();
  });
  const shape = { box, opened: () => box.showModal(), closed: () => box.close() };
  const frame = createPlain(settings, shape);
  frame.style(css);
  return frame;
}
