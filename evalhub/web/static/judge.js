// The annotator's page, made quick: keys, the lit question, what is missing. Without this script it
// is a plain form and works as well. judge_keep.js keeps and sends what is typed.
"use strict";
(() => {
  const root = document.getElementById("judge");
  if (!root) return;
  const IDLE_MS = 30_000, KEEP_LEASE_MS = 240_000;
  const STATES = {
    safe: "Safe on the server",
    saving: "Saving",
    kept: "Kept in this browser, will be sent",
  };
  let lit = 0, activeMs = 0, lastMove = Date.now(), movedSinceBeat = false;

  const sheet = () => document.getElementById("sheet");
  const asks = () => [...(sheet()?.querySelectorAll("fieldset.ask") ?? [])];
  const chosen = (ask) => ask.querySelector("input:checked");
  const assignment = () => sheet()?.dataset.assignment;

  function tell(state) {
    const line = document.getElementById("status");
    line.dataset.state = state;
    line.textContent = STATES[state];
  }

  function complain(sentence, link) {
    const place = document.getElementById("problem");
    if (!place) return;
    place.hidden = !sentence;
    place.textContent = sentence;
    if (!link) return;
    const anchor = document.createElement("a");
    [anchor.href, anchor.textContent, anchor.target] = [link.href, link.text, "_blank"];
    anchor.rel = "opener";
    place.append(" ", anchor);
  }

  // ---- the lit question, anchors, what is missing ----

  function light(index, { into = true } = {}) {
    const rows = asks();
    if (!rows.length) return;
    lit = Math.max(0, Math.min(index, rows.length - 1));
    rows.forEach((row, nth) => row.classList.toggle("lit", nth === lit));
    if (into) rows[lit].scrollIntoView({ block: "nearest" });
  }

  function showAnchor(ask, input) {
    const line = ask.querySelector(".anchor");
    line.textContent = input?.dataset.anchor || line.dataset.question;
  }

  function choose(ask, input) {
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    showAnchor(ask, input);
  }

  function step(ask, by) {
    const options = [...ask.querySelectorAll("input")];
    const at = options.indexOf(chosen(ask));
    const to = at < 0 ? (by > 0 ? 0 : options.length - 1) : at + by;
    if (options[to]) choose(ask, options[to]);
  }

  function missing() {
    return asks().filter((ask) => "required" in ask.dataset && !chosen(ask));
  }

  function sayMissing() {
    const titles = missing().map((ask) => ask.dataset.title);
    const more = titles.length > 3 ? ` and ${titles.length - 3} more` : "";
    document.getElementById("missing").textContent = titles.length
      ? `Still to answer: ${titles.slice(0, 3).join(", ")}${more}.` : "Ready to submit.";
  }

  // ---- the form as the body of a submit ----

  function bodyOf(form) {
    const fields = new FormData(form);
    const text = (name) => (fields.get(name) ?? "").trim();
    const ratings = [], corrections = [], tiers = new Map();
    for (const [name, value] of fields) {
      const [kind, response, criterion] = name.split(".");
      if (kind === "rating") {
        ratings.push(value === "none"
          ? { response, criterion, value: null, reason: "cannot_tell" }
          : { response, criterion, value: Number(value) });
      } else if (kind === "rank") {
        tiers.set(Number(value), [...(tiers.get(Number(value)) ?? []), response]);
      } else if (kind === "correction" && value.trim()) {
        corrections.push({ response, content: value });
      }
    }
    const verdict = fields.get("preference");
    const preferences = !verdict ? [] : [/[12]$/.test(verdict)
      ? { criterion: null, choice: verdict[0], strength: Number(verdict[1]) }
      : { criterion: null, choice: verdict }];
    const ranking = [...tiers.keys()].sort((a, b) => a - b).map((tier) => tiers.get(tier));
    return {
      token: Number(text("token")), submission_id: text("submission_id"),
      active_ms: Math.round(activeMs), ratings, preferences, ranking, corrections,
      critique: text("critique"),
    };
  }

  // ---- keys ----

  const isTyping = (place) => place.matches?.("textarea, select, [contenteditable], input:not([type=radio])");
  const toggleRaw = () => root.querySelectorAll(".response").forEach((response) => {
    for (const shape of response.querySelectorAll(":scope > .rendered, :scope > .raw")) shape.hidden = !shape.hidden;
  });
  const toggleGuidelines = () => {
    const place = document.getElementById("guidelines");
    if (!place) return;
    place.open = !place.open;
    if (place.open) place.scrollIntoView({ block: "nearest" });
  };
  const ACTS = {
    s: () => keeper.skip(), r: toggleRaw, g: toggleGuidelines,
    "?": () => document.getElementById("keys").showModal(),
    ArrowUp: () => light(lit - 1), ArrowDown: () => light(lit + 1),
    ArrowLeft: () => step(asks()[lit], -1), ArrowRight: () => step(asks()[lit], 1),
  };

  function onKey(event) {
    if (event.isComposing || event.defaultPrevented || !sheet()) return;
    if (document.querySelector("dialog[open]")) return;
    const place = event.target;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      submit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph")) return;
    if (event.key === "Escape" && isTyping(place)) { place.blur(); return; }
    if (isTyping(place) || event.repeat) return;
    const row = asks()[lit];
    if (event.key.startsWith("Arrow") && (!row || place.matches?.("input[type=radio]"))) return;
    const option = row?.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
    if (option) {
      event.preventDefault();
      choose(row, option);
      light(lit + 1);
      return;
    }
    const act = ACTS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // ---- beginning with a task, and what lasts for the whole page ----

  function begin() {
    activeMs = 0;
    lastMove = Date.now();
    tell("safe");
    const form = sheet();
    if (!form) return;
    form.noValidate = true;
    for (const wide of root.querySelectorAll(".rendered :is(pre, table, math)")) {
      if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0; // else the keyboard cannot scroll it
    }
    keeper.restore();
    asks().forEach((ask) => showAnchor(ask, chosen(ask)));
    const first = asks().findIndex((ask) => !chosen(ask));
    light(first < 0 ? 0 : first, { into: false });
    sayMissing();
  }

  function onMove() {
    const now = Date.now();
    if (!document.hidden) activeMs += Math.min(now - lastMove, IDLE_MS);
    lastMove = now;
    movedSinceBeat = true;
  }

  async function beat() {
    if (!movedSinceBeat) return;
    movedSinceBeat = false;
    if (!(await keeper.keepLease())) movedSinceBeat = true;
  }

  function submit() {
    const gaps = missing();
    if (!gaps.length) { keeper.submit(); return; }
    light(asks().indexOf(gaps[0]));
    sayMissing();
    gaps[0].querySelector("input").focus();
  }

  const keeper = judgeKeeper({ root, sheet, assignment, bodyOf, tell, complain, begin });
  root.addEventListener("input", () => { sayMissing(); keeper.keep(); });
  root.addEventListener("change", (event) => { if (event.target.type === "radio") { sayMissing(); keeper.keep(); } });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.id === "skip") keeper.skip(); else submit();
  });
  root.addEventListener("click", (event) => {
    if (event.target.closest("#show-keys")) document.getElementById("keys").showModal();
  });
  for (const kind of ["focusin", "mouseover"]) {
    root.addEventListener(kind, (event) => {
      const option = event.target.closest?.("label.option, fieldset.ask input");
      const ask = option?.closest("fieldset.ask");
      if (!ask) return;
      if (kind === "focusin") light(asks().indexOf(ask), { into: false });
      showAnchor(ask, option.matches("input") ? option : option.querySelector("input"));
    });
  }
  root.addEventListener("mouseout", (event) => {
    const ask = event.target.closest?.("fieldset.ask");
    if (ask) showAnchor(ask, chosen(ask));
  });
  for (const kind of ["pointermove", "keydown", "scroll"]) document.addEventListener(kind, onMove, { passive: true });
  document.addEventListener("keydown", onKey);
  setInterval(beat, KEEP_LEASE_MS);
  document.documentElement.classList.add("has-script");
  begin();
})();
