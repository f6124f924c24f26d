// Respondent pages work without this file. It shows the follow-up question that fits the score,
// keeps what was typed when the page is closed or the network is lost, and sends once.
(() => {
  "use strict";
  const KEEP_MS = 7 * 24 * 3600 * 1000;
  const store = {
    get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* no storage in this frame */ } },
    remove(key) { try { localStorage.removeItem(key); } catch { /* no storage in this frame */ } },
  };

  // The page after sending names the draft that is done with.
  for (const done of document.querySelectorAll("[data-draft-done]")) store.remove(`draft:${done.dataset.draftDone}`);

  for (const form of document.querySelectorAll("form[data-respond]")) {
    const key = form.dataset.draft ? `draft:${form.dataset.draft}` : "";
    const wordings = [...form.querySelectorAll("[data-when]")];

    const showWording = () => {
      const category = form.querySelector("[data-category]:checked")?.dataset.category || "";
      const labels = new Set(wordings.map((each) => each.parentElement));
      for (const label of labels) {
        const own = wordings.filter((each) => each.parentElement === label);
        const fit = own.find((each) => each.dataset.when === category) || own.find((each) => each.dataset.when === "") || own[0];
        for (const each of own) each.hidden = each !== fit;
      }
    };

    const fields = () => [...form.elements].filter((e) => e.name && !["hidden", "submit", "password", "file"].includes(e.type));
    const keep = () => {
      if (!key) return;
      const values = {};
      for (const field of fields()) {
        if (field.type === "radio" || field.type === "checkbox") { if (field.checked) (values[field.name] ||= []).push(field.value); }
        else if (field.value) values[field.name] = [field.value];
      }
      store.set(key, { at: Date.now(), values });
    };
    const restore = () => {
      const draft = key && store.get(key);
      if (!draft?.values || Date.now() - draft.at > KEEP_MS) { if (draft) store.remove(key); return; }
      // What the server preselected (a click in the mail) is newer than the draft.
      const chosen = new Set(fields().filter((f) => f.checked).map((f) => f.name));
      for (const field of fields()) {
        const values = Object.hasOwn(draft.values, field.name) ? draft.values[field.name] : null;
        if (!values || chosen.has(field.name)) continue;
        if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
        else if (!field.value) field.value = values[0];
      }
    };

    restore();
    showWording();
    form.addEventListener("change", () => { showWording(); keep(); });
    form.addEventListener("input", keep);
    form.addEventListener("submit", (event) => {
      if (form.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
      form.setAttribute("aria-busy", "true");
      setTimeout(() => form.removeAttribute("aria-busy"), 8000);
    });
    addEventListener("pageshow", () => form.removeAttribute("aria-busy"));
  }
})();
