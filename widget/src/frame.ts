/**
 * The place where a survey appears: over the page, in it, or behind a tab at its edge.
 * A shadow root keeps the styles of page and widget apart.
 */
import { el, focused } from "./dom";
import css from "./style.css";

export const DISPLAYS = ["popover", "inline", "modal", "tab"] as const;
export type Display = (typeof DISPLAYS)[number];

export interface Frame {
  /** The element to fill; it can take the focus. */
  box: HTMLElement;
  /** Set the language of all that the frame holds, and the words on the tab. */
  speak(language: string, direction: string, tabLabel: string): void;
  /** Whether the box is on the screen. */
  isOpen(): boolean;
  /** Show the box and move the focus into it, except away from somebody who is typing. */
  open(): void;
  /** Take the box off the screen, keep the tab if there is one, give the focus back. */
  close(): void;
  /** Take everything off the page. */
  remove(): void;
}

interface Settings {
  display: Display;
  /** Puts an inline frame where it belongs. */
  place(host: HTMLElement): void;
  /** Lets a page with a strict Content-Security-Policy allow the fallback style element. */
  nonce: string;
  /** The person pressed Esc, or the tab of an open box. */
  onDismiss(): void;
  /** The person pressed the tab of a closed box. */
  onTab(): void;
}

function addStyles(root: ShadowRoot, nonce: string): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const style = el("style", {}, css); // A browser without constructable style sheets.
    style.nonce = nonce;
    root.append(style);
  }
}

const isTyping = (element: HTMLElement | null): boolean =>
  !!element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

/** A closed frame on the page. */
export function createFrame({ display, place, nonce, onDismiss, onTab }: Settings): Frame {
  const host = document.createElement("voc-widget");
  const root = host.attachShadow({ mode: "open" });
  addStyles(root, nonce);

  const modal = display === "modal" && el("dialog");
  const overlay = display === "popover" || display === "tab";
  const box = modal || el("div", { role: overlay ? "dialog" : "region" });
  box.className = `box ${display}`;
  box.setAttribute("aria-labelledby", "question");
  box.tabIndex = -1;
  box.hidden = true;
  const tab = el("button", { className: "handle", type: "button", "aria-expanded": false });
  root.append(...(display === "tab" ? [tab, box] : [box]));
  if (display === "inline") place(host);
  else document.body.append(host);

  let before: HTMLElement | null = null;

  function open(): void {
    before = display === "tab" ? tab : focused();
    box.hidden = false;
    tab.setAttribute("aria-expanded", "true");
    if (modal) modal.showModal();
    if (modal || (overlay && !isTyping(before))) box.focus({ preventScroll: true });
  }

  function close(): void {
    const within = root.contains(focused()) || !focused();
    if (modal) modal.close();
    box.hidden = true;
    tab.setAttribute("aria-expanded", "false");
    if (display !== "tab") remove();
    if (within && before?.isConnected) before.focus({ preventScroll: true });
  }

  function remove(): void {
    document.removeEventListener("keydown", onPageKey);
    host.remove();
  }

  function onKey(event: KeyboardEvent): void {
    const dismisses = event.key === "Escape" && !event.isComposing; // Esc also ends a conversion.
    if (!dismisses || box.hidden || display === "inline") return;
    event.preventDefault();
    onDismiss();
  }

  /** Esc also counts while nothing on the page has the focus. */
  function onPageKey(event: KeyboardEvent): void {
    if (!focused() && !event.defaultPrevented) onKey(event);
  }

  root.addEventListener("keydown", (event) => onKey(event as KeyboardEvent));
  for (const type of ["keydown", "keypress", "keyup"]) {
    // The page sees only "a key on voc-widget" and would take letters for its shortcuts.
    root.addEventListener(type, (event) => event.stopPropagation());
  }
  document.addEventListener("keydown", onPageKey);
  box.addEventListener("cancel", (event) => {
    event.preventDefault(); // Of a modal dialog: closed by us, so that the page is told.
    onDismiss();
  });
  tab.addEventListener("click", () => (box.hidden ? onTab() : onDismiss()));

  function speak(language: string, direction: string, tabLabel: string): void {
    for (const element of [host, box]) {
      element.lang = language;
      element.dir = direction;
    }
    tab.replaceChildren(el("span", {}, tabLabel));
  }

  return { box, speak, isOpen: () => !box.hidden, open, close, remove };
}
