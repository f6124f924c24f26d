// Staff pages. Everything here only makes quicker what works without it.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;

  for (const element of $$("[data-open],[data-themes],[data-copy],[data-picture],[data-print],[data-select-all],[data-keys-switch]")) element.hidden = false;

  // --- light and dark: kept here, and in a cookie so that the server draws it at once ---
  const recall = (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } };
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: this page only */ } };
  const showTheme = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    for (const b of $$("[data-theme-choice]")) b.setAttribute("aria-pressed", String(b.dataset.themeChoice === theme));
  };
  const keepTheme = (theme) => {
    remember("theme", theme);
    const age = theme ? 31536000 : 0;
    document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    showTheme(theme);
  };
  showTheme(recall("theme") || root.dataset.theme || "");

  // --- clicks ---
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    const text = "value" in source ? source.value : source.textContent;
    try { await navigator.clipboard.writeText(text); } catch {
      if (!source.select) return;
      source.select();
      if (!document.execCommand("copy")) return;
    }
    const before = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = before; }, 2000);
  };
  // A chart's SVG file drawn twice as large, for where only pixels are taken.
  const savePicture = (address) => {
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth * 2;
      canvas.height = image.naturalHeight * 2;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        const name = new URL(address, location).pathname.split("/");
        link.download = `${decodeURIComponent(name.at(-3))}-${name.at(-1).replace(/\.svg$/, ".png")}`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      }, "image/png");
    });
    image.addEventListener("error", () => location.assign(address)); // says why
    image.src = address;
  };
  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, a, summary") || event.target;
    if (target.matches("[data-print]")) window.print();
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (target.dataset?.open) document.getElementById(target.dataset.open)?.showModal();
    if (target.dataset?.themeChoice !== undefined) keepTheme(target.dataset.themeChoice);
    if (target.dataset?.copy) copy(target);
    if (target.dataset?.picture) savePicture(target.dataset.picture);
    if (event.target instanceof HTMLDialogElement && event.target.open) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    }
  });

  // --- forms: ask first, send once, become usable again when the page comes back ---
  const agreed = new WeakSet();
  const ask = (form, submitter) => {
    const dialog = $("#confirm");
    $("[data-confirm-text]", dialog).textContent = submitter?.dataset.confirm || form.dataset.confirm;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return;
      agreed.add(form);
      form.requestSubmit(submitter || undefined);
    }, { once: true });
    dialog.showModal();
  };
  const setBusy = (form, busy) => {
    if (busy) form.setAttribute("aria-busy", "true"); else form.removeAttribute("aria-busy");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (question && !agreed.has(form) && $("#confirm")?.showModal) {
      event.preventDefault();
      ask(form, event.submitter);
      return;
    }
    agreed.delete(form);
    if (form.method !== "post") return;
    if (form.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    if (event.defaultPrevented) return;
    setBusy(form, true);
    setTimeout(() => setBusy(form, false), 8000);
  });
  addEventListener("pageshow", () => $$("form[aria-busy]").forEach((form) => setBusy(form, false)));
  for (const form of $$("form[data-autosubmit]")) {
    const button = $("button", form);
    if (button) button.hidden = true;
    form.addEventListener("change", () => form.requestSubmit());
  }

  // --- drafts: what is typed is kept a moment after typing stops; a failure is tried again ---
  for (const form of $$("form[data-keep]")) {
    const kept = $("[data-kept]", form), undo = $("[data-undo]", form);
    let waiting, lost = false;
    const keep = async () => {
      const written = new FormData(form);
      written.set("action", "autosave");
      try {
        const answer = await fetch(form.dataset.keep, { method: "POST", body: written, redirect: "manual" });
        if (kept && [200, 409, 422].includes(answer.status)) {
          // It says what became of it, and which state the next save is a change of.
          const told = await answer.json();
          kept.textContent = told.text;
          if (told.seen) form.elements.seen.value = told.seen;
          if (told.seen && undo) undo.hidden = false;
        } else if (!answer.ok) throw new Error(answer.status);
        lost = false;
      } catch {
        lost = true;
        if (kept) kept.textContent = kept.dataset.lost;
        clearTimeout(waiting);
        waiting = setTimeout(keep, 15000);
      }
    };
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(keep, 2000); };
    form.addEventListener("input", soon);
    if (form.dataset.unsaved !== undefined) soon();
    form.addEventListener("submit", () => { clearTimeout(waiting); lost = false; });
    addEventListener("online", () => { if (lost) keep(); });
    addEventListener("beforeunload", (event) => { if (lost) event.preventDefault(); });
  }

  // --- who else is here: told once a minute while the page is looked at and used ---
  for (const form of $$("form[data-here]")) {
    const shown = $("[data-here-others]");
    let used = Date.now(), waiting;
    const tell = async () => {
      clearTimeout(waiting);
      if (document.hidden || Date.now() - used > 600000) return;
      waiting = setTimeout(tell, 60000);
      try {
        const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
        const others = answer.ok ? (await answer.text()).trim() : "";
        if (others !== shown.innerHTML.trim()) shown.innerHTML = others;
      } catch { /* the next minute tells */ }
    };
    const use = () => { const idle = Date.now() - used > 600000; used = Date.now(); if (idle) tell(); };
    for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, use, { passive: true });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) tell(); });
    addEventListener("pagehide", () => {
      const left = new FormData(form);
      left.set("left", "1");
      navigator.sendBeacon(form.action, left);
    });
    addEventListener("pageshow", tell);
  }

  // --- selecting rows ---
  const showSelection = (id) => {
    const boxes = $$(`[data-select="${id}"]`);
    const chosen = boxes.filter((box) => box.checked);
    for (const all of $$(`[data-select-all="${id}"]`)) {
      all.checked = boxes.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
    for (const bar of $$(`[data-bulk="${id}"]`)) {
      bar.hidden = chosen.length === 0;
      const count = $("[data-selected-count]", bar);
      if (count) count.textContent = String(chosen.length);
    }
  };
  let lastBox = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("[data-select]");
    if (!box) return;
    if (event.shiftKey && lastBox && lastBox.dataset.select === box.dataset.select) {
      const boxes = $$(`[data-select="${box.dataset.select}"]`);
      const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((each) => { each.checked = box.checked; });
    }
    lastBox = box;
    showSelection(box.dataset.select);
  });
  document.addEventListener("change", (event) => {
    const id = event.target.dataset?.selectAll;
    if (id === undefined) return;
    for (const box of $$(`[data-select="${id}"]`)) box.checked = event.target.checked;
    showSelection(id);
  });
  for (const bar of $$("[data-bulk]")) showSelection(bar.dataset.bulk);

  // --- keyboard ---
  const rows = () => $$("[data-list]").flatMap((list) => list.tagName === "TABLE" ? $$("tbody tr", list) : [...list.children]);
  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.getAttribute("aria-current") === "true");
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    all.forEach((row) => row.removeAttribute("aria-current"));
    next.setAttribute("aria-current", "true");
    next.scrollIntoView({ block: "nearest" });
    $("a[href], button", next)?.focus({ preventScroll: true });
  };
  const current = () => rows().find((row) => row.getAttribute("aria-current") === "true");
  const press = (key) => {
    const row = current();
    const target = (row && $(`[data-key="${key}"]`, row)) || $(`[data-key="${key}"]`);
    target?.click();
    // What a key opens is where the next key belongs.
    if (target?.matches("summary") && target.parentElement.open) $("input:not([type=hidden]), select, textarea, button:not([hidden])", target.parentElement)?.focus();
    return Boolean(target);
  };
  const search = () => {
    const field = $("[data-search], input[type=search]");
    field?.focus();
    field?.select?.();
    return Boolean(field);
  };
  const go = (letter) => {
    const link = $(`[data-go="${CSS.escape(letter)}"]`);
    if (link) location.assign(link.href);
    return Boolean(link);
  };
  // Speech input types letters by accident: single keys can be switched off (WCAG 2.1.4).
  let singleKeys = recall("keys") !== "off";
  const keysSwitch = $("[data-keys-switch] input");
  if (keysSwitch) {
    keysSwitch.checked = singleKeys;
    keysSwitch.addEventListener("change", () => { singleKeys = keysSwitch.checked; remember("keys", singleKeys ? "on" : "off"); });
  }
  let waiting = 0;
  const actions = {
    "?": () => { $("#keys")?.showModal(); return true; },
    "/": search,
    g: () => { waiting = Date.now(); return true; },
    j: () => { move(1); return true; },
    k: () => { move(-1); return true; },
    x: () => { const box = current() && $("[data-select]", current()); box?.click(); return Boolean(box); },
    // What has the focus is pressed by Enter itself, in the row or elsewhere.
    Enter: () => { const row = current(); if (!row || document.activeElement?.closest("a, button, summary")) return false; $("a[href]", row)?.click(); return true; },
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && $("#palette")) {
      event.preventDefault();
      openPalette();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form?.method === "post") {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.key === "Escape") {
      for (const menu of $$("details.menu[open]")) { menu.open = false; $("summary", menu).focus(); }
      return;
    }
    const typing = event.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
    if (!singleKeys || typing || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const chord = Date.now() - waiting < 1500;
    waiting = 0;
    if (chord ? go(event.key) : (actions[event.key] || (() => event.key.length === 1 && press(CSS.escape(event.key))))()) event.preventDefault();
  });

  // --- palette: rooms, and whatever on the page carries data-command ---
  const openPalette = () => {
    const dialog = $("#palette"), input = $("input", dialog), list = $("ul", dialog), none = $("[data-none]", dialog);
    if (dialog.open) return;
    const commands = $$("[data-go], [data-command], .page-actions a, .page-actions button, .tabs a").filter((e) => !dialog.contains(e));
    let shown = [], at = 0;
    const mark = () => {
      [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
      input.setAttribute("aria-activedescendant", shown.length ? `palette-${at}` : "");
      list.children[at]?.scrollIntoView({ block: "nearest" });
    };
    const draw = () => {
      const words = input.value.normalize("NFKC").toLowerCase().split(/\s+/);
      shown = commands.filter((e) => words.every((w) => e.textContent.normalize("NFKC").toLowerCase().includes(w)));
      list.replaceChildren(...shown.map((e, i) => {
        const item = document.createElement("li");
        item.id = `palette-${i}`;
        item.setAttribute("role", "option");
        item.textContent = e.textContent.trim();
        item.addEventListener("click", () => run(i));
        return item;
      }));
      none.hidden = shown.length > 0;
      at = 0;
      mark();
    };
    const run = (i) => { dialog.close(); shown[i]?.click(); };
    input.value = "";
    input.oninput = draw;
    input.onkeydown = (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        at = (at + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % (shown.length || 1);
        mark();
      } else if (event.key === "Enter") { event.preventDefault(); run(at); }
    };
    draw();
    dialog.showModal();
    input.focus();
  };

  // --- long work: data-live parts are fetched anew until they are none any more ---
  const refresh = async () => {
    const shown = $$("[data-live]");
    if (!shown.length) return;
    if (!document.hidden) {
      const answer = await fetch(location.href, { headers: { "X-Requested-With": "live" } }).catch(() => null);
      if (answer?.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const old of shown) {
          const fresh = page.getElementById(old.id);
          if (!fresh?.hasAttribute("data-live") && !document.activeElement?.closest("form .input")) return location.reload();
          const place = [...old.querySelectorAll("a, button, summary")].indexOf(document.activeElement);
          if (fresh) old.replaceWith(document.adoptNode(fresh)); else old.remove();
          if (place >= 0) fresh?.querySelectorAll("a, button, summary")[place]?.focus();
        }
      }
    }
    setTimeout(refresh, 3000);
  };
  if ($("[data-live]")) setTimeout(refresh, 3000);

  // --- small things ---
  const focusFirst = () => $("[data-focus]")?.focus();
  focusFirst();
  if (location.hash) addEventListener("load", focusFirst); // going to the place in the address blurs
  for (const row of $$(".rooms, .tabs")) {
    const here = $("a[aria-current]", row);
    if (here && row.scrollWidth > row.clientWidth) row.scrollLeft = here.offsetLeft - row.offsetLeft - row.clientWidth / 2 + here.offsetWidth / 2;
  }
})();
