/** Elements from code: text only ever becomes a text node, so nothing can become markup. */
import type { Question } from "./survey";

type Child = Node | string;
type Settable = Record<string, string | number | boolean>;

/** A new element; what is no property of it, as `for` and `aria-label`, is set as an attribute. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Settable = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name in element) (element as unknown as Settable)[name] = value;
    else element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** One native radio button of a question, with its label. */
export function radio<V extends string | number>(
  { key, required }: Question,
  value: V,
  draft: unknown,
  enter: (value: V) => void,
  ...label: Child[]
): HTMLLabelElement {
  const checked = draft === value;
  const input = el("input", { type: "radio", name: key, value, checked, required });
  input.addEventListener("change", () => enter(value));
  return el("label", {}, input, el("span", {}, ...label));
}

/** The element that has the focus, also inside open shadow roots; null for none. */
export function focused(): HTMLElement | null {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active && active !== document.body ? (active as HTMLElement) : null;
}
