// The page that asks about one comment after the other: keys, and the next one without a new page.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const room = () => $("#triage");
  const say = (words) => { $("#triage-status").textContent = words; };
  const toggles = () => $$("[data-triage-toggles] input", room());

  const number = () => toggles().forEach((box, i) => {
    const mark = $("[data-number]", box.closest("label"));
    mark.textContent = i < 9 ? String(i + 1) : "";
    mark.hidden = i >= 9;
  });
  const prepare = () => {
    const search = $("[data-triage-search]", room());
    if (search) search.hidden = false;
    number();
  };

  // --- the next comment takes the place of this one ---
  let sending = false;
  const send = async (form, submitter) => {
    if (sending) return;
    sending = true;
    room().setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form, submitter), credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = $("#triage", page);
      if (!next) { location.reload(); return; } // signed out, or an error that has a page of its own
      room().replaceWith(document.adoptNode(next));
      for (const part of [".flashes", "[data-triage-counts]"]) {
        const there = $(part), fresh = $(part, page);
        if (there && fresh) there.replaceWith(document.adoptNode(fresh));
      }
      prepare();
      say($("[data-triage-at]", room())?.dataset.triageAt || "");
      $("[data-triage-focus]", room())?.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    } catch {
      say(room().dataset.failed);
      room().prepend(failure());
    } finally {
      sending = false;
      room().removeAttribute("aria-busy");
    }
  };
  const failure = () => {
    $(".banner.error", room())?.remove();
    const box = document.createElement("div");
    box.className = "banner error";
    const words = document.createElement("p");
    words.textContent = room().dataset.failed;
    box.append(words);
    return box;
  };
  document.addEventListener("submit", (event) => {
    if (!room().contains(event.target) || event.defaultPrevented) return;
    event.preventDefault();
    send(event.target, event.submitter);
  }, true);

  // --- searching a theme ---
  const normal = (text) => text.normalize("NFKC").toLowerCase();
  const others = () => $$("[data-triage-others] li", room());
  const narrow = (words) => {
    const wanted = normal(words).split(/\s+/).filter(Boolean);
    for (const item of others()) item.hidden = !wanted.every((word) => normal(item.dataset.words).includes(word));
  };
  const join = (box) => {
    const item = box.closest("li"), list = $("[data-triage-toggles]", room());
    list.append(item);
    number();
    say(item.textContent.trim().replace(/\s+/g, " "));
  };
  const leaveSearch = () => {
    const field = $("#triage-search");
    field.value = "";
    narrow("");
    $("[data-triage-others]").open = false;
    $("[data-triage-focus]", room()).focus({ preventScroll: true });
  };
  document.addEventListener("input", (event) => { if (event.target.id === "triage-search") narrow(event.target.value); });
  document.addEventListener("change", (event) => {
    if (event.target.checked && event.target.closest("[data-triage-others]")) { join(event.target); leaveSearch(); }
  });

  // --- keys: before the ones of every page ---
  const keysAreOff = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
  const act = (selector) => { const button = $(selector, room()); button?.click(); return Boolean(button); };
  const pressed = (event) => {
    const { key } = event;
    if (/^[1-9]$/.test(key)) { const box = toggles()[Number(key) - 1]; box?.click(); return Boolean(box); }
    if (key === "Enter") {
      if (event.target.closest?.("a, button, summary")) return false;
      return act('[value="confirm"]') || act("[data-triage-go]");
    }
    if (key === "x" || key === "s") return act(`[data-triage-key="${key}"]`);
    if (key === "u") return act("[data-triage-undo]");
    if (key === "/") {
      const field = $("#triage-search");
      if (!field) return false;
      $("[data-triage-others]").open = true;
      field.focus();
      return true;
    }
    return false;
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    if (event.target.id === "triage-search") {
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); leaveSearch(); }
      if (event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      if (event.target.value.trim()) $("input", others().find((item) => !item.hidden) || document.createElement("p"))?.click();
      return;
    }
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || keysAreOff() || event.repeat) return;
    if (pressed(event)) { event.preventDefault(); event.stopPropagation(); }
  }, true);

  prepare();
})();
