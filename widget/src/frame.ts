/**
 * The place where a survey appears: over the page or in it; parts add more of them.
 * A shadow root keeps the styles of page and widget apart.
 */
import { el, focused } from "./dom";

export type Display = "popover" | "inline" | "modal" | "tab" | "headless";

export interface Frame {
  /** The element to fill; it can take the focus. */
  box: HTMLElement;
  /** Set the language of all that the frame holds, and the words on the tab. */
  speak(language: string, direction: string, tabLabel: string): void;
  /** Add styles to those that every frame has. */
  style(css: string): void;
  /** Whether the box is on the screen. */
  isOpen(): boolean;
  /** Show the box and move the focus into it, except away from somebody who is typing. */
  open(): void;
  /** Take the box off the screen, keep the tab if there is one, give the focus back. */
  close(): void;
  /** Take everything off the page. */
  remove(): void;
}

export interface FrameSettings {
  display: Display;
  /** The styles that every frame has. */
  css: string;
  /** Puts an inline frame where it belongs. */
  place: ((host: HTMLElement) => void) | undefined;
  /** The person pressed Esc, or the tab of an open box. */
  onDismiss(): void;
  /** The person pressed the tab of a closed box. */
  onTab(): void;
}

/** What a display has that others have not. */
export interface Shape {
  box: HTMLElement;
  /** Stays on the page while the box is closed, and says so. */
  tab?: HTMLButtonElement;
  opened?(): void;
  closed?(): void;
}

const isTyping = (element: HTMLElement | null): boolean =>
  !!element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

/** A closed frame on the page. */
export function createFrame(
  { display, css, place, onDismiss }: FrameSettings,
  shape: Shape = { box: el("div", { role: display === "inline" ? "region" : "dialog" }) },
): Frame {
  const host = document.createElement("voc-widget");
  const root = host.attachShadow({ mode: "open" });

  /** A sheet of its own: no policy of the page forbids it. */
  function style(rules: string): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }
  style(css);

  const { box, tab } = shape;
  box.className = `box ${display}`;
  box.setAttribute("aria-labelledby", "question");
  box.tabIndex = -1;
  box.hidden = true;
  root.append(...(tab ? [tab, box] : [box]));
  if (display === "inline" && place) place(host);
  else document.body.append(host);

  let before: HTMLElement | null = null;

  function open(): void {
    before = tab || focused();
    box.hidden = false;
    shape.opened?.();
    if (display !== "inline" && (display === "modal" || !isTyping(before))) {
      box.focus({ preventScroll: true });
    }
  }

  function close(): void {
    const within = root.contains(focused()) || !focused();
    shape.closed?.();
    box.hidden = true;
    if (!tab) remove();
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

  function speak(language: string, direction: string, tabLabel: string): void {
    for (const element of [host, box]) {
      element.lang = language;
      element.dir = direction;
    }
    tab?.replaceChildren(el("span", {}, tabLabel));
  }

  return { box, speak, style, isOpen: () => !box.hidden, open, close, remove };
}
