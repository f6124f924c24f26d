// src/dom.ts
function el(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (/-|^for$|^role$/.test(name)) element.setAttribute(name, String(value));
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== false));
  return element;
}
function radio({ key, required }, value, draft, enter, ...label) {
  const checked = draft === value;
  const input = el("input", { type: "radio", name: key, value, checked, required });
  input.addEventListener("change", () => enter(value));
  return el("label", {}, input, el("span", {}, ...label));
}
function focused() {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active && active !== document.body ? active : null;
}

// src/flow.ts
function createFlow(first, events) {
  let step = 0;
  let started = false;
  let answers = {};
  const flow = {
    survey: first,
    drafts: {},
    question: () => flow.survey.questions[step],
    isLast: () => step === flow.survey.questions.length - 1,
    wording({ text: text2, wordings }) {
      const { categories, primary } = flow.survey;
      return wordings[categories[String(answers[primary])]] || text2;
    },
    enter(key, value) {
      flow.drafts[key] = value;
      if (!started) {
        started = true;
        events.started();
      }
    },
    confirm() {
      const { survey, drafts } = flow;
      const asked = flow.question();
      if (!asked) return "";
      const { key, raw } = asked;
      const primary = key === survey.primary;
      let value = drafts[key];
      let problem;
      if (raw) [value, problem] = survey.kinds.settle(asked, value, survey.texts);
      const answered = value !== void 0 && value !== "";
      if (!answered && (primary || asked.required)) problem || (problem = survey.texts.required || asked.text);
      if (problem) return problem;
      if (answered) {
        answers = { ...answers, [key]: value };
        if (primary) events.answered(answers);
        else if (survey.primary in answers) events.added({ [key]: value });
      }
      step = survey.kinds ? survey.kinds.next(survey, step, answers) : step + 1;
      return "";
    }
  };
  return flow;
}

// src/survey.ts
var ENDS = {
  nps: [0, 10],
  csat: [1, 5],
  ces: [1, 7]
};
var isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
var text = (value) => typeof value === "string" ? value : "";
var list = (value) => Array.isArray(value) ? value.filter(isObject) : [];
function texts(value) {
  const found = {};
  if (isObject(value)) for (const key of Object.keys(value)) found[key] = text(value[key]);
  return found;
}
var parseQuestion = (raw) => {
  const kind = text(raw.kind);
  return {
    key: text(raw.key),
    kind,
    text: text(raw.text),
    low: text(raw.low_label),
    high: text(raw.high_label),
    wordings: texts(raw.wording_by_category),
    required: raw.required === true,
    raw: !(kind in ENDS || kind === "text") && raw,
    branches: list(raw.branches)
  };
};
function parseSurvey(raw) {
  if (!isObject(raw) || !Array.isArray(raw.questions)) return null;
  const questions = list(raw.questions).map(parseQuestion);
  const words = texts(raw.texts);
  const primary = questions.find(({ kind }) => kind in ENDS && kind === raw.kind);
  const whole = questions.every(({ key, kind, text: text2 }) => key && kind && text2);
  if (!primary || !whole || !Number.isInteger(raw.version)) return null;
  if (!words.send || !words.close || !words.thanks) return null;
  return {
    kind: primary.kind,
    version: raw.version,
    language: text(raw.language),
    direction: raw.direction === "rtl" ? "rtl" : "ltr",
    questions,
    primary: primary.key,
    categories: texts(raw.categories),
    texts: words
  };
}
var needsKinds = ({ questions }) => questions.some(({ raw, branches }) => raw || branches.length);

// src/card.ts
var textOf = ({ value }) => value.replace(/\p{Cs}/gu, "").trim();
function createCard(box, first, events) {
  const flow = createFlow(first, events);
  let currentNote = "sending";
  const status = el("div", { className: "status", role: "status" });
  const body = el("form", { noValidate: true, autocomplete: "off" });
  const closing = el("button", { className: "close", type: "button" }, "\xD7");
  closing.addEventListener("click", events.dismissed);
  body.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = flow.question();
    const problem = flow.confirm();
    if (problem) {
      body.querySelector(".error")?.replaceChildren(problem);
      body.querySelector("input, textarea")?.focus();
    } else if (asked) {
      currentNote = "sending";
      render();
      if (!flow.question()) events.completed();
    }
  });
  const entering = (asked) => (value) => {
    body.querySelector(".error")?.replaceChildren();
    flow.enter(asked.key, value);
  };
  function focusStep() {
    const touch = matchMedia("(pointer: coarse)").matches;
    const field2 = body.querySelector("textarea");
    const target = !touch && field2 || body.querySelector(".question") || box;
    target.focus({ preventScroll: true });
  }
  function scale(asked, [low, high]) {
    const options = [];
    for (let value = low; value <= high; value++) {
      const end = value === low ? asked.low : value === high ? asked.high : "";
      const spoken = end ? [el("span", { className: "spoken" }, `, ${end}`)] : [];
      const draft = flow.drafts[asked.key];
      options.push(radio(asked, value, draft, entering(asked), String(value), ...spoken));
    }
    const ends = el(
      "div",
      { className: "ends", id: "ends" },
      el("span", { "data-value": low }, asked.low),
      el("span", { "data-value": high }, asked.high)
    );
    return [el("div", { className: `scale of${options.length}` }, ...options), ends];
  }
  function textField(asked, wording) {
    const area = el("textarea", {
      id: "text",
      rows: 4,
      maxLength: 1e4,
      required: asked.required,
      value: String(flow.drafts[asked.key] ?? ""),
      "aria-describedby": "hint error"
    });
    area.addEventListener("input", () => entering(asked)(textOf(area)));
    const hint = asked.required ? "" : flow.survey.texts.comment_optional || "";
    const label = el(
      "label",
      { className: "question", id: "question", for: "text", tabIndex: -1 },
      wording
    );
    return el("div", {}, label, el("p", { className: "hint", id: "hint" }, hint), area);
  }
  function field(asked) {
    const wording = flow.wording(asked);
    if (asked.kind === "text") return textField(asked, wording);
    const { survey, drafts } = flow;
    const ends = ENDS[asked.kind];
    return el(
      "fieldset",
      { "aria-describedby": "ends error" },
      el("legend", { className: "question", id: "question", tabIndex: -1 }, wording),
      ...ends ? scale(asked, ends) : survey.kinds.fields(asked, drafts[asked.key], entering(asked), survey.texts)
    );
  }
  function steps(asked) {
    const { send, next, thanks } = flow.survey.texts;
    if (!asked) return [el("p", { className: "question", id: "question", tabIndex: -1 }, thanks)];
    const word = !flow.isLast() && next || send;
    const button = el("button", { className: "primary", type: "submit" }, word);
    return [
      field(asked),
      el("p", { className: "error", id: "error", role: "alert" }),
      el("div", { className: "actions" }, button)
    ];
  }
  function render() {
    const asked = flow.question();
    const focusWasHere = body.contains(box.getRootNode().activeElement);
    box.dataset.kind = flow.survey.kind;
    closing.setAttribute("aria-label", flow.survey.texts.close);
    body.replaceChildren(...steps(asked));
    if (focusWasHere) focusStep();
    showNote();
  }
  function showNote() {
    const words = currentNote === "delivered" ? "thanks_detail" : currentNote;
    status.textContent = !flow.question() && flow.survey.texts[words] || "";
  }
  render();
  box.replaceChildren(body, status, closing);
  return {
    translate(other) {
      flow.survey = other;
      render();
    },
    note(note) {
      currentNote = note;
      showNote();
    }
  };
}

// src/request.ts
var TIMEOUT_MS = 15e3;
var KEEPALIVE_CHARS = 15e3;
var LONGEST_WAIT_SECONDS = 3600;
async function request(method, url, body, identity) {
  const reply = { status: 0, data: void 0, waitSeconds: 0 };
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const init2 = { method, credentials: "omit", signal: abort.signal };
    if (body !== void 0) {
      init2.body = body;
      init2.headers = { "Content-Type": "application/json" };
      init2.keepalive = body.length < KEEPALIVE_CHARS;
    }
    if (identity) init2.headers = { "X-VOC-Identity": identity };
    const response = await fetch(url, init2);
    const wait = Number(response.headers.get("Retry-After")) || 0;
    reply.waitSeconds = Math.min(wait, LONGEST_WAIT_SECONDS);
    reply.data = await response.json().catch(() => void 0);
    reply.status = response.status;
  } catch {
  }
  clearTimeout(timer);
  return reply;
}

// src/store.ts
var PREFIX = "voc:answer:";
var QUIET = "voc:quiet:";
var DAY_MS = 864e5;
var KEEP_DAYS = 30;
var QUIET_DAYS = 90;
var memory = /* @__PURE__ */ new Map();
function attempt(access) {
  try {
    return access();
  } catch {
    return void 0;
  }
}
function read(key) {
  const item = attempt(() => JSON.parse(localStorage.getItem(key) || "null"));
  const usable = item && typeof item.body === "string" && PREFIX + item.id === key;
  return usable ? item : void 0;
}
var settled = (item) => !!item.token && item.acknowledged >= item.revision;
function keep(item) {
  memory.set(item.id, item);
  const stored = !settled(item) && attempt(() => {
    localStorage.setItem(PREFIX + item.id, JSON.stringify(item));
    return true;
  });
  if (!stored) attempt(() => localStorage.removeItem(PREFIX + item.id));
}
var find = (id) => read(PREFIX + id) || memory.get(id);
function drop(id) {
  memory.delete(id);
  attempt(() => localStorage.removeItem(PREFIX + id));
}
function pendingIds(now) {
  const stored = attempt(() => Object.keys(localStorage)) || [];
  for (const key of stored.filter((name) => name.startsWith(PREFIX))) {
    const item = read(key);
    if (!item || !(now - item.since < KEEP_DAYS * DAY_MS)) {
      attempt(() => localStorage.removeItem(key));
    } else if (!memory.has(item.id)) {
      memory.set(item.id, item);
    }
  }
  return [...memory.keys()].filter((id) => {
    const item = find(id);
    return item && !settled(item);
  });
}
function forget() {
  memory.clear();
  for (const name of ["localStorage", "sessionStorage"]) {
    attempt(() => {
      const storage = window[name];
      for (const key of Object.keys(storage)) if (/^voc:/.test(key)) storage.removeItem(key);
    });
  }
}
function markAnswered(survey, now) {
  attempt(() => localStorage.setItem(QUIET + survey, String(now)));
}
function markClosed(survey) {
  attempt(() => sessionStorage.setItem(QUIET + survey, "1"));
}
function reasonForQuiet(survey, now) {
  const answered = Number(attempt(() => localStorage.getItem(QUIET + survey)) || NaN);
  if (now - answered < QUIET_DAYS * DAY_MS) {
    return `answered here within ${QUIET_DAYS} days`;
  }
  const closed = attempt(() => sessionStorage.getItem(QUIET + survey));
  return closed ? "closed in this tab" : "";
}

// src/delivery.ts
var FIRST_WAIT_MS = 1e3;
var LONGEST_WAIT_MS = 3e5;
var succeeded = ({ status }) => status >= 200 && status < 300;
var isFinal = ({ status }) => status >= 400 && status < 500 && ![408, 425, 429].includes(status);
function createDelivery(report) {
  const inFlight = /* @__PURE__ */ new Set();
  let failures = 0;
  let timer;
  function retryLater(reply) {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** failures++, LONGEST_WAIT_MS);
    const jittered = wait * (0.5 + Math.random() / 2);
    clearTimeout(timer);
    timer = setTimeout(flush, Math.max(jittered, reply.waitSeconds * 1e3));
  }
  async function advance(item) {
    const first = !item.token;
    const url = `${item.base}/public/v1/responses`;
    const reply = first ? await request("POST", url, item.body) : await request("PATCH", `${url}/${item.id}`, changes(item));
    const token = first && reply.data?.edit_token;
    const latest = find(item.id);
    if (!latest) return false;
    if (succeeded(reply) && (!first || typeof token === "string")) {
      failures = 0;
      if (first) keep({ ...latest, token, acknowledged: 1 });
      else keep({ ...latest, acknowledged: Math.max(latest.acknowledged, item.revision) });
      return true;
    }
    if (reply.status === 403 && !first && !item.renewed) {
      const { token: _refused, ...rest } = latest;
      keep({ ...rest, renewed: true });
      return true;
    }
    if (reply.status === 403 && first && "identity" in JSON.parse(item.body)) {
      const { identity: _refused, ...rest } = JSON.parse(item.body);
      keep({ ...latest, body: JSON.stringify(rest) });
      return true;
    }
    if (isFinal(reply)) drop(item.id);
    else retryLater(reply);
    report(item.id, isFinal(reply) ? "refused" : "retrying", reply.status);
    return false;
  }
  async function deliver(id) {
    if (inFlight.has(id)) return;
    inFlight.add(id);
    for (let going = true; going; ) {
      const item = find(id);
      if (!item) break;
      if (settled(item)) {
        report(id, "delivered", 200);
        break;
      }
      going = await advance(item);
    }
    inFlight.delete(id);
  }
  function flush() {
    clearTimeout(timer);
    for (const id of pendingIds(Date.now())) void deliver(id);
  }
  function submit(base, id, body) {
    const since = Date.now();
    const text2 = JSON.stringify(body);
    keep({ id, base, body: text2, later: {}, revision: 1, acknowledged: 0, since });
    void deliver(id);
  }
  function amend(id, answers) {
    const item = find(id);
    if (!item) return;
    keep({ ...item, later: { ...item.later, ...answers }, revision: item.revision + 1 });
    void deliver(id);
  }
  addEventListener("online", flush);
  addEventListener("pagehide", flush);
  return { submit, amend, flush };
}
var changes = ({ token, revision, later }) => JSON.stringify({ edit_token: token, revision, answers: later });

// src/frame.ts
var isTyping = (element) => !!element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));
function createFrame({ display, css, place, onDismiss }, shape = { box: el("div", { role: display === "inline" ? "region" : "dialog" }) }) {
  const host = document.createElement("voc-widget");
  const root = host.attachShadow({ mode: "open" });
  function style(rules) {
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
  root.append(...tab ? [tab, box] : [box]);
  if (display === "inline" && place) place(host);
  else document.body.append(host);
  let before = null;
  function open() {
    before = tab || focused();
    box.hidden = false;
    shape.opened?.();
    if (display !== "inline" && (display === "modal" || !isTyping(before))) {
      box.focus({ preventScroll: true });
    }
  }
  function close() {
    const within = root.contains(focused()) || !focused();
    shape.closed?.();
    box.hidden = true;
    if (!tab) remove();
    if (within && before?.isConnected) before.focus({ preventScroll: true });
  }
  function remove() {
    document.removeEventListener("keydown", onPageKey);
    host.remove();
  }
  function onKey(event) {
    const dismisses = event.key === "Escape" && !event.isComposing;
    if (!dismisses || box.hidden || display === "inline") return;
    event.preventDefault();
    onDismiss();
  }
  function onPageKey(event) {
    if (!focused() && !event.defaultPrevented) onKey(event);
  }
  root.addEventListener("keydown", (event) => onKey(event));
  for (const type of ["keydown", "keypress", "keyup"]) {
    root.addEventListener(type, (event) => event.stopPropagation());
  }
  document.addEventListener("keydown", onPageKey);
  function speak(language, direction, tabLabel) {
    for (const element of [host, box]) {
      element.lang = language;
      element.dir = direction;
    }
    tab?.replaceChildren(el("span", {}, tabLabel));
  }
  return { box, speak, style, isOpen: () => !box.hidden, open, close, remove };
}

// src/id.ts
function mintId() {
  const [...random] = crypto.getRandomValues(new Uint8Array(32));
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (place) => {
    const digit = random.pop() & 15;
    return (place === "x" ? digit : digit & 3 | 8).toString(16);
  });
}

// src/reasons.ts
var lines = [];
var NEWEST = 50;
function explain(reason) {
  lines.push(reason);
  lines.splice(0, lines.length - NEWEST);
}
function why() {
  const known = lines.length ? [...lines] : ["nothing was asked for yet"];
  console.info(["voc:", ...known].join("\n  "));
  return known;
}

// src/parts.ts
async function loadPart(base, name) {
  try {
    return await import(
      /* webpackIgnore: true */
      /* @vite-ignore */
      `${base}/widget/${encodeURIComponent(name)}.js?v=${"194fe97f"}`
    );
  } catch (error) {
    explain(`the part "${name}" could not be loaded, ${error}`);
    return void 0;
  }
}

// src/style.css
var style_default = ':host{all:initial!important;display:block!important}.box,.handle{--surface: #fff;--text: #17202b;--muted: #566170;--line: #858f9e;--accent: #1c5fd0;--on-accent: #fff;--danger: #b3261e;color-scheme:light;font:15px/1.5 system-ui,Hiragino Sans,Noto Sans CJK JP,Meiryo,sans-serif;color:var(--text);-webkit-text-size-adjust:100%}*,:before{box-sizing:border-box}.box{container-type:inline-size;position:relative;margin:0;padding:24px;background:var(--surface);border:1px solid #8886;border-radius:14px;overflow-wrap:anywhere;text-align:start;outline:0}.inline{max-width:600px}.box:not(.inline){position:fixed;width:420px;max-width:calc(100vw - 16px);max-height:calc(100vh - 16px);overflow:auto;box-shadow:0 8px 40px #0b15264d}.box[data-kind=nps]:not(.inline){width:582px}.popover{z-index:2147483647;inset-block-end:max(8px,env(safe-area-inset-bottom));inset-inline-end:8px}form,fieldset,p{margin:0;padding:0;border:0;min-width:0}.question{display:block;padding:0;font-size:17px;font-weight:600;line-height:1.45;outline:0}.box:not(.inline) .question{padding-inline-end:36px}.box:lang(ja){line-break:strict;word-break:auto-phrase}.hint,.status,.ends{color:var(--muted);font-size:13px}.hint{margin-block-start:4px}.error{color:var(--danger);font-size:14px}.status:not(:empty),.error:not(:empty){margin-block-start:8px}.scale{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:4px;margin-block-start:20px}.of11{grid-auto-flow:row;grid-template-columns:repeat(6,1fr)}.scale label{position:relative;display:flex;min-height:44px;cursor:pointer}input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:inherit}label>span{flex:1;display:flex;align-items:center;padding:8px 14px;border:1px solid var(--line);border-radius:8px}.scale label>span{justify-content:center;padding:0;font-size:16px}label:hover>span{background:#5590ef22;border-color:var(--accent)}input:checked+span{background:var(--accent);border-color:var(--accent);color:var(--on-accent);font-weight:700}.spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}.ends{display:flex;justify-content:space-between;gap:16px;margin-block-start:8px}.ends :last-child{text-align:end}.of11+.ends span:before{content:attr(data-value) " ";font-weight:600}textarea{display:block;width:100%;min-height:96px;margin:16px 0 0;padding:10px 12px;border:1px solid var(--line);border-radius:8px;background:none;color:inherit;font:inherit;font-size:16px;resize:vertical}.actions{display:flex;justify-content:flex-end;margin-block-start:20px}.primary{min-height:44px;min-width:96px;padding:8px 22px;border:1px solid transparent;border-radius:8px;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;cursor:pointer}.close{position:absolute;inset-block-start:10px;inset-inline-end:10px;width:44px;height:44px;padding:0;border:0;border-radius:8px;background:none;color:var(--muted);font:28px/1 sans-serif;cursor:pointer}.inline .close{display:none}.close:hover{background:#5590ef22}button:focus-visible,textarea:focus-visible,input:focus-visible+span{outline:3px solid var(--accent);outline-offset:2px}@container (min-width: 308px){.of11{grid-template-columns:repeat(11,1fr)}.of11+.ends span:before{content:none}}@media(min-width:640px){.popover{margin:12px}}@media(max-width:480px){.box{padding:20px 16px}}@media(max-width:400px){.of11{gap:3px}}@media(prefers-color-scheme:dark){.box,.handle{--surface: #171c23;--text: #e9edf2;--muted: #a7b1be;--line: #6f7a89;--accent: #86b4ff;--on-accent: #0b1526;--danger: #ffb4ab;color-scheme:dark}}@media(forced-colors:active){input:checked+span{forced-color-adjust:none;background:Highlight;border-color:Highlight;color:HighlightText}}';

// src/voc.ts
var trouble = (status) => status === 200 ? "no survey" : status || "nothing";
var whenReady = () => new Promise((resolve) => {
  if (document.readyState !== "loading") resolve();
  else addEventListener("DOMContentLoaded", () => resolve(), { once: true });
});
function createVoc(settings) {
  const listeners = [];
  const showings = /* @__PURE__ */ new Map();
  const wishes = /* @__PURE__ */ new Map();
  let locale = settings.locale;
  let identity = "";
  let waiting = settings.consent ? null : [];
  let watch;
  const tracked = [];
  const language = () => locale || document.documentElement.lang || navigator.language;
  function emit(type, detail) {
    for (const [wanted, listener] of listeners) {
      try {
        if (wanted === type) listener({ type, ...detail });
      } catch (error) {
        console.error(error);
      }
    }
  }
  const delivery = createDelivery((id, outcome, status) => {
    const showing = [...showings.values()].find(({ answer }) => answer === id);
    showing?.card?.note(outcome);
    if (outcome === "delivered") emit("delivered", { id });
    if (outcome === "refused") emit("error", { id, status });
  });
  async function load(id, language2) {
    const query = new URLSearchParams({ key: settings.key, locale: language2 });
    const path = `/public/v1/surveys/${encodeURIComponent(id)}`;
    const { status, data } = await request("GET", `${settings.base}${path}?${query}`);
    const survey = status === 200 ? parseSurvey(data) : null;
    if (!survey) explain(`${id}: not shown, the server answered ${trouble(status)}`);
    if (!survey || !needsKinds(survey)) return survey;
    const kinds = await loadPart(settings.base, "kinds");
    if (kinds?.accepts(survey)) return { ...survey, kinds };
    explain(`${id}: not shown, unknown questions`);
    return null;
  }
  function placeFor({ target, after }) {
    const found = target ? document.querySelector(target) : after;
    if (!found || !document.body.contains(found)) return void 0;
    return (host) => found[target ? "append" : "after"](host);
  }
  async function show(id, options) {
    const display = options.display || "popover";
    const refuse = (reason) => (explain(`${id}: not shown${reason}`), false);
    if (waiting) return refuse(", no consent");
    const interrupts = display !== "inline" && display !== "tab";
    const quiet = options.byItself && interrupts && reasonForQuiet(id, Date.now());
    if (quiet) return refuse(` by itself, ${quiet}`);
    wishes.set(id, options);
    const survey = await load(id, options.locale || language());
    await whenReady();
    const drawn = /^(popover|inline)$/.test(display) ? { createFrame } : await loadPart(settings.base, display);
    const place = placeFor(options);
    if (!survey || !drawn || wishes.get(id) !== options || waiting) return false;
    if (display === "inline" && !place) return refuse(`, no element for ${options.target || display}`);
    showings.get(id)?.frame.remove();
    const frame = drawn.createFrame({
      display,
      css: style_default,
      place,
      onDismiss: () => close(showing),
      onTab: () => present(showing)
    });
    if (survey.kinds) frame.style(survey.kinds.css);
    const draw = drawn.createCard || createCard;
    const showing = { id, survey, frame, draw, options, answer: "", completed: false };
    showings.set(id, showing);
    speak(showing);
    explain(`${id}: shown as ${display}`);
    if (display !== "tab") present(showing);
    return true;
  }
  function speak({ survey: { language: language2, direction, texts: texts2 }, frame, options }) {
    frame.speak(language2, direction, options.label || texts2.tab || "");
  }
  function present(showing) {
    const { id, survey, frame } = showing;
    if (!showing.card || showing.completed) {
      showing.answer = "";
      showing.completed = false;
      showing.card = showing.draw(frame.box, survey, {
        started: () => emit("started", { survey: id }),
        answered: (answers) => submit(showing, answers),
        added: (answers) => delivery.amend(showing.answer, answers),
        completed: () => {
          showing.completed = true;
          emit("completed", { survey: id, id: showing.answer });
        },
        dismissed: () => close(showing)
      });
    }
    frame.open();
    const { api } = showing.card;
    emit("shown", { survey: id, ...api && { api } });
  }
  function submit(showing, answers) {
    const { id, survey, options } = showing;
    const touchpoint = [...(options.touchpoint ?? "").trim()].slice(0, 100).join("");
    const answer = showing.answer = mintId();
    delivery.submit(settings.base, answer, {
      key: settings.key,
      survey: id,
      id: answer,
      survey_version: survey.version,
      answers,
      locale: survey.language,
      page: location.origin + location.pathname,
      // A query may hold secrets of the page.
      ...touchpoint && { touchpoint },
      ...identity && { identity }
    });
    markAnswered(id, Date.now());
    emit("answered", { survey: id, id: answer, answers });
  }
  function close({ id, frame, answer, completed }) {
    if (!frame.isOpen()) return;
    frame.close();
    if (!answer) markClosed(id);
    emit("closed", { survey: id, id: answer || null, completed });
  }
  async function translate() {
    const wanted = language();
    for (const showing of showings.values()) {
      if (showing.options.locale && !locale) continue;
      const survey = await load(showing.id, wanted);
      if (!survey || wanted !== language()) continue;
      showing.survey = survey;
      speak(showing);
      showing.card?.translate(survey);
    }
  }
  async function rules() {
    const part = await loadPart(settings.base, "targeting");
    watch || (watch = part?.watch({
      request: (path) => request("GET", settings.base + path, void 0, identity),
      key: settings.key,
      tracked,
      explain,
      show: (id, display) => show(id, { display, byItself: true }),
      isBusy: () => !!waiting || [...showings.values()].some(({ frame }) => frame.isOpen())
    }));
  }
  function consent(given) {
    if (given) {
      const calls = waiting || [];
      waiting = null;
      delivery.flush();
      calls.forEach((call) => run(...call));
      return;
    }
    waiting || (waiting = watch ? [["rules"]] : []);
    watch = void 0;
    identity = "";
    for (const { frame } of showings.values()) frame.remove();
    showings.clear();
    forget();
    explain("consent is missing: nothing is asked for, shown or kept");
  }
  const commands = /* @__PURE__ */ new Map([
    ["show", (id, options) => show(id, { ...options })],
    ["close", () => showings.forEach(close)],
    ["identify", (token) => (identity = token, watch?.(true))],
    ["rules", rules],
    [
      "track",
      (name) => {
        if (tracked.push(name) > 50) tracked.shift();
        watch?.();
      }
    ],
    ["on", (type, listener) => void listeners.push([type, listener])],
    ["locale", (wanted) => (locale = wanted, translate())],
    ["consent", consent],
    [
      "delighted",
      async (options) => (await loadPart(settings.base, "delighted"))?.install(run, options, explain)
    ],
    ["why", why]
  ]);
  const run = (command, ...rest) => {
    const failed = (error) => explain(`${command}: failed, ${error}`);
    try {
      const action = commands.get(command);
      if (!action) return explain(`no command "${command}"`);
      if (waiting && !/^(on|consent|why|close)$/.test(command)) {
        waiting.push([command, ...rest]);
        return explain(`${command}: waits for voc('consent', true)`);
      }
      const result = action(...rest);
      if (!(result instanceof Promise)) return result;
      result.catch(failed);
    } catch (error) {
      failed(error);
    }
    return void 0;
  };
  if (settings.consent) delivery.flush();
  new MutationObserver(() => locale || void translate()).observe(document.documentElement, {
    attributeFilter: ["lang"]
  });
  return run;
}

// src/index.ts
var current;
var init = ({ server, key, locale, consent }) => {
  current || (current = createVoc({
    base: new URL(server, location.href).origin,
    key,
    locale,
    consent: consent !== "required"
  }));
  return current;
};
export {
  init
};
