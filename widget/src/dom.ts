/** Elements from code: text only ever becomes a text node, so nothing can become markup. */

type Child = Node | string | false;
type Settable = Record<string, string | number | boolean>;

/** A new element; names with a hyphen, `for` and `role` are set as attributes. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Settable = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (/-|^for$|^role$/.test(name)) element.setAttribute(name, String(value));
    else (element as unknown as Settable)[name] = value;
  }
  element.append(...children.filter((child) => child !== false));
  return element;
}

/** The element that has the focus, also inside open shadow roots; null for none. */
export function focused(): HTMLElement | null {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active && active !== document.body ? (active as HTMLElement) : null;
}
