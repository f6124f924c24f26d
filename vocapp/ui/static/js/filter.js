/* The page on which a filter is built: what a button would do by a new page happens in place, and
   the sentence and the number of answers follow what is written. The server draws all of it. */
(() => {
  "use strict";
  const form = document.querySelector("[data-builder]");
  if (!form) return;
  const $ = (selector, within = document) => within.querySelector(selector);
  for (const each of document.querySelectorAll("[data-without-script]")) each.hidden = true;

  let latest = 0, waiting = 0;
  // parts: what of the answer replaces what is here; rows are left alone while somebody types.
  const ask = async (fields, parts) => {
    const mine = ++latest;
    clearTimeout(waiting);
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields), credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok || answer.redirected) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== latest) return true; // something newer was asked meanwhile
    for (const part of parts) {
      const [here, there] = [form, page].map((each) => $(`[data-builder-part="${part}"]`, each));
      if (here && there) here.replaceChildren(...there.childNodes);
    }
    return true;
  };
  const fieldsFor = (action) => {
    const fields = new FormData(form);
    fields.set("do", action);
    return fields;
  };
  const follow = (delay) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask(fieldsFor("refresh"), ["preview"]), delay);
  };

  // Where the focus goes once its element was drawn anew.
  const focusAfter = (action) => {
    const [verb, way] = action.split(":");
    const group = verb === "remove" ? way.split(".").slice(0, -1).join(".") : way;
    const add = $(`button[value="add-row:${group}"]`, form);
    if (verb === "remove") return add;
    const rows = add?.closest("fieldset").querySelectorAll(":scope > .filter-row, :scope > .filter-group");
    return rows?.length ? $("select", rows[rows.length - 1].classList.contains("filter-group") ? $(".filter-row", rows[rows.length - 1]) : rows[rows.length - 1]) : add;
  };
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || !("redraw" in button.dataset)) return;
    event.preventDefault();
    if (await ask(fieldsFor(button.value), ["messages", "rows", "preview"])) focusAfter(button.value)?.focus();
  });
  form.addEventListener("change", async (event) => {
    const field = event.target;
    if (!field.name?.startsWith("f.")) return;
    if (!("redraw" in field.dataset)) { follow(0); return; }
    if (await ask(fieldsFor("refresh"), ["messages", "rows", "preview"])) document.getElementById(field.id)?.focus();
  });
  form.addEventListener("input", (event) => {
    if (!event.isComposing && event.target.matches("input:not([type=checkbox]), textarea") && event.target.name.startsWith("f.")) follow(400);
  });
})();
