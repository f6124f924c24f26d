/* The page on which a look is chosen: the examples follow what is typed. The server works out all of
   it; here its answer takes the place of what stands on the page. */
(() => {
  "use strict";
  const form = document.querySelector("[data-look]");
  if (!form) return;
  const names = ["colour", "dark_colour", "corners", "font"];
  let latest = 0, waiting = 0;

  const follow = async () => {
    const mine = ++latest;
    const query = new URLSearchParams(names.map((name) => [name, form.elements[name].value]));
    const answer = await fetch(`${location.pathname}?${query}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok || answer.redirected || mine !== latest) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [sheet, examples] = ["[data-look-sheet]", "[data-look-examples]"].map((each) => page.querySelector(each));
    if (!sheet || !examples || mine !== latest) return;
    // The next sheet is there before this one goes, so that nothing flashes.
    const before = document.querySelector("[data-look-sheet]");
    if (before.getAttribute("href") !== sheet.getAttribute("href")) {
      const next = before.cloneNode();
      next.addEventListener("load", () => before.remove());
      next.href = sheet.getAttribute("href");
      before.after(next);
    }
    document.querySelectorAll(".look-notes").forEach((each) => each.remove());
    for (const pane of document.querySelectorAll(".look-pane")) {
      const notes = examples.querySelector(`.${pane.classList[1]} + .look-notes`);
      if (notes) pane.after(notes);
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(follow, 200);
  });

  // A picker beside each colour; by itself a field for colours could not be empty.
  for (const field of form.querySelectorAll("[data-colour]")) {
    const picker = document.createElement("input");
    picker.type = "color";
    picker.className = "colour-picker";
    picker.setAttribute("aria-label", field.dataset.colour);
    const take = () => {
      const [, short, long] = field.value.trim().match(/^#?(?:([\da-f]{3})|([\da-f]{6}))$/i) || [];
      picker.value = `#${long || (short || "").replace(/./g, "$&$&") || field.placeholder.slice(1)}`.toLowerCase();
    };
    field.addEventListener("input", take);
    picker.addEventListener("input", () => {
      field.value = picker.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    take();
    const row = document.createElement("div");
    row.className = "colour-row";
    field.before(row);
    row.append(field, picker);
  }
})();
