// The annotator's page, made quick: keys, dialogs, active time, going back. judge_form.js knows the
// form, judge_marks.js the passages, judge_keep.js keeps and sends.
"use strict";
(() => {
  const root = document.getElementById("judge");
  if (!root) return;
  const IDLE_MS = 60_000, KEEP_LEASE_MS = 240_000, CLOCK_MS = 1_000;
  const words = JSON.parse(document.getElementById("words").textContent);
  const desk = JSON.parse(document.getElementById("desk").textContent);
  const acts = new Map(Object.entries(desk.keys).filter(([, key]) => key).map(([act, key]) => [key.toLowerCase(), act]));
  let activeMs = 0, todayMs = desk.today?.active_ms ?? 0, judged = desk.today?.judged ?? 0, counted = null;
  let lastMove = Date.now(), movedSinceBeat = false, stash = null;

  // The state is said aloud when it changes; the seconds are only seen.
  function tell(state, { waiting, safeAt }) {
    const line = document.getElementById("status");
    if (!line) return;
    const ago = Math.round((Date.now() - safeAt) / 1000), minutes = Math.round(ago / 60);
    const sentence = state !== "saving" && waiting ? form.say(words[`${state}_n`], { n: waiting }) : words[state];
    line.parentElement.dataset.state = state;
    if (line.textContent !== sentence) line.textContent = sentence;
    const since = ago < 60 ? form.say(words.seconds_ago, { n: ago }) : form.say(words.minutes_ago, { n: minutes });
    document.getElementById("ago").textContent = state === "safe" ? since : "";
  }

  function complain(sentence, link, kind = "bad") {
    const place = document.getElementById("problem");
    if (!place) return;
    place.hidden = !sentence;
    place.className = `note ${kind}`;
    place.textContent = sentence;
    if (!link) return;
    const made = document.createElement(link.act ? "button" : "a");
    made.textContent = link.text;
    if (link.act) [made.type, made.className, made.onclick] = ["button", "button small", link.act]; else made.href = link.href;
    place.append(" ", made);
  }

  // ---- time: the tab is visible, and something moved within the last minute ----

  function onMove() {
    const now = Date.now();
    const passed = document.hidden ? 0 : Math.min(now - lastMove, IDLE_MS);
    activeMs += passed;
    todayMs += passed;
    lastMove = now;
    movedSinceBeat = true;
  }

  function onVisible() {
    const now = Date.now();
    if (document.hidden) { activeMs += Math.min(now - lastMove, IDLE_MS); todayMs += Math.min(now - lastMove, IDLE_MS); }
    lastMove = now;
  }

  function showClock() {
    const clock = document.getElementById("clock");
    if (clock) {
      clock.hidden = false;
      clock.textContent = form.say(words.clock, { judged, minutes: Math.round(todayMs / 60_000) });
    }
    const number = document.querySelector("#counted .n");
    if (number && counted !== null) number.textContent = counted;
    keeper.showState();
    showUndo();
  }

  function showUndo() {
    const button = document.getElementById("undo"), left = keeper.undoLeft();
    if (!button) return;
    button.hidden = !keeper.canUndo();
    button.querySelector(".left").textContent = left ? form.say(words.seconds_left, { n: left }) : "";
  }

  // ---- the task on the page ----

  function show(html, { counted: isCounted }) {
    root.innerHTML = html; // our own template; what others wrote came through the sanitiser
    if (isCounted) { judged++; if (counted !== null) counted++; }
    leaveDialogs();
    begin();
    (document.getElementById("text") ?? document.getElementById("nothing")).focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  // What was asked of the task before; while one is open, nothing behind it can have the focus.
  function leaveDialogs() {
    for (const box of ASKED.map((id) => document.getElementById(id))) {
      box?.querySelector("form").reset();
      box?.close();
    }
  }

  // Everything in hand is judged, and no more can be fetched.
  function showAway() {
    if (document.getElementById("away")) return;
    const said = document.getElementById("problem"), page = document.getElementById("away-page").content.cloneNode(true);
    if (said) page.getElementById("problem").replaceWith(said);
    leaveDialogs();
    root.replaceChildren(page);
    document.getElementById("away").focus({ preventScroll: true });
  }

  function refill(values) {
    form.refill(values);
    marks.begin();
  }

  function begin() {
    activeMs = 0;
    onMove();
    for (const cap of root.querySelectorAll("kbd[data-act]")) {
      if (cap.dataset.act !== "submit" || desk.keys.submit) cap.textContent = desk.caps[cap.dataset.act] ?? "";
    }
    showClock();
    if (!form.sheet()) return;
    counted ??= Number(document.querySelector("#counted .n")?.textContent ?? 0);
    for (const wide of root.querySelectorAll(".rendered :is(pre, table, math)")) {
      if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0; // else the keyboard cannot scroll it
    }
    addCopyButtons();
    form.begin();
    marks.begin();
    keeper.again.restore();
    activeMs = Number(keeper.restore()?.find(([name]) => name === "active_ms")?.[1]) || 0;
  }

  function addCopyButtons() {
    for (const code of root.querySelectorAll(".judge-text .rendered pre")) {
      const button = document.createElement("button"), holder = document.createElement("div");
      [button.type, button.className, button.textContent] = ["button", "button quiet small copy", words.copy];
      button.addEventListener("click", async () => {
        if (await copied(code)) button.textContent = words.copied;
      });
      holder.className = "code-block";
      code.replaceWith(holder);
      holder.append(code, button);
    }
  }

  // Without TLS there is no clipboard; what is selected can be copied all the same.
  async function copied(code) {
    if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent).then(() => true, () => false);
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }

  // ---- acts ----

  const toggle = (id) => {
    const place = document.getElementById(id);
    if (!place) return;
    place.open = !place.open;
    if (place.open) place.scrollIntoView({ block: "nearest" });
    if (place.open && id === "sources") document.getElementById("find")?.focus();
  };

  const press = (id, isPressed) => document.getElementById(id)?.setAttribute("aria-pressed", String(isPressed));

  function toggleRaw() {
    for (const raw of root.querySelectorAll(".raw")) {
      raw.hidden = !raw.hidden;
      raw.parentElement.querySelector(":scope > .rendered[data-response]").hidden = !raw.hidden;
      press("raw", !raw.hidden);
    }
    marks.repaint();
  }

  function reveal() {
    const box = document.getElementById("reveal");
    if (box) box.checked = !box.checked;
  }

  function jumpToEnd() {
    const text = document.getElementById("text");
    if (getComputedStyle(text).overflowY === "visible") { // a low window: the page scrolls, and not the text in it
      text.scrollIntoView({ block: text.getBoundingClientRect().bottom > innerHeight + 4 ? "end" : "start" });
      return;
    }
    const isAtEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 4;
    text.scrollTo({ top: isAtEnd ? 0 : text.scrollHeight });
  }

  const lock = () => press("lock", root.querySelector(".judge-responses")?.classList.toggle("apart"));

  // Back to the last judgment. In its first seconds it is taken back as if it had not been sent; then
  // it is revised: its own form, laid over the task in hand, which comes back after.
  async function undo() {
    if (stash) { unstash(); return; }
    if (!keeper.canUndo()) { complain(words.no_last); return; }
    if (await keeper.takeBack()) {
      judged--;
      if (counted !== null) counted--;
      showClock();
      return;
    }
    const last = keeper.last();
    if (!last) { complain(words.offline_act); return; }
    const html = await keeper.again.open(last);
    if (html === null) return;
    stash = { nodes: [...root.childNodes], activeMs, lit: form.litIndex() };
    root.innerHTML = html;
    form.begin();
    marks.begin();
    activeMs = 0;
    keeper.again.restore();
    document.getElementById("text").focus({ preventScroll: true });
  }

  function unstash() {
    root.replaceChildren(...stash.nodes);
    activeMs = stash.activeMs;
    form.light(stash.lit);
    marks.begin();
    stash = null;
    keeper.showState();
  }

  function submit() {
    if (form.goToMissing()) return;
    if (isOwnTask()) keeper.submit(); else keeper.again.send();
  }

  const ASKED = ["skip-dialog", "flag-dialog"];

  // A dialog whose first choice is lit: digits choose, Enter takes, Esc leaves. It closes when what was
  // said is taken; until then, and while the task is on the page, what was typed stays in it.
  function open(id, taken) {
    const box = document.getElementById(id), inside = box?.querySelector("form");
    if (!box || stash) return;
    const problem = inside.querySelector("[role=alert]");
    problem.hidden = true;
    inside.onsubmit = async (event) => {
      if (event.submitter?.value !== "yes") return;
      event.preventDefault();
      const said = Object.fromEntries(new FormData(inside));
      event.submitter.disabled = true;
      const why = await taken(said).finally(() => { event.submitter.disabled = false; });
      [problem.textContent, problem.hidden] = [why, !why];
      if (why) return;
      inside.reset();
      box.close();
    };
    box.showModal();
    inside.querySelector("input")?.focus();
  }

  const ACTS = {
    submit, undo, reveal, lock,
    skip: () => open("skip-dialog", keeper.skip),
    flag: () => open("flag-dialog", keeper.flag),
    edit: () => form.edit(form.litRow()?.dataset.about),
    mark: () => marks.mark(),
    raw: toggleRaw,
    sources: () => toggle("sources"),
    guidelines: () => toggle("guidelines"),
    end: jumpToEnd,
    keys: () => document.getElementById("keys").showModal(),
  };
  const MOVES = {
    ArrowUp: () => form.light(form.litIndex() - 1), ArrowDown: () => form.light(form.litIndex() + 1),
    ArrowLeft: () => form.sideways(-1), ArrowRight: () => form.sideways(1),
  };

  // ---- keys ----

  const isTyping = (place) => place.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");

  function inDialog(event) {
    const box = document.querySelector("dialog[open]");
    if (!box || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return Boolean(box);
    const choice = box.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
    if (choice) { choice.checked = true; choice.focus(); event.preventDefault(); }
    return true;
  }

  function onKey(event) {
    if (event.isComposing || event.defaultPrevented || inDialog(event) || !form.sheet()) return;
    const place = event.target, hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      submit();
      return;
    }
    if (hasModifier || event.getModifierState("AltGraph")) return;
    if (event.key === "Escape" && isTyping(place)) { place.blur(); return; }
    if (isTyping(place) || marks.onKey(event) || event.repeat) return;
    if (event.key === "Escape" && stash) { unstash(); return; }
    if (MOVES[event.key]) {
      if (!form.litRow()) return;
      event.preventDefault();
      MOVES[event.key]();
      heard.textContent = asked();
      return;
    }
    const row = form.litRow(), option = row?.querySelector(`.options input[data-key="${CSS.escape(event.key)}"]`);
    const typed = row && form.typedIn(row);
    if (typed && (event.key === "Enter" || /^[1-9-]$/.test(event.key))) { // the key itself goes into a number
      typed.focus();
      if (event.key === "Enter" || !typed.matches("[type=number]")) event.preventDefault();
      return;
    }
    if (option) { event.preventDefault(); answer(row, option); return; }
    if ((event.key === "Enter" || event.key === " ") && place.closest?.("button, a, summary")) return;
    const act = ACTS[acts.get(event.key.toLowerCase())];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // The focus stays where it is when a key chooses or goes on, so a screen reader is told what is lit.
  const heard = document.createElement("p");
  heard.className = "visually-hidden";
  heard.setAttribute("role", "status");
  root.after(heard);

  function answered(row) {
    const input = form.chosen(row), value = form.typedIn(row)?.value.trim();
    const point = [input?.nextElementSibling.textContent, input?.getAttribute("aria-description")].filter(Boolean).join(", ");
    const { title } = row.dataset;
    return value || point ? form.say(words.answered, { title, answer: value || point }) : title;
  }

  function asked() {
    return form.say(words.asked, { n: form.litIndex() + 1, count: form.asks().length, question: answered(form.litRow()) });
  }

  function answer(row, option) {
    form.choose(row, option);
    const said = answered(row);
    if (desk.auto_advance) form.light(form.litIndex() + 1);
    heard.textContent = form.litRow() === row ? said : `${said}. ${asked()}`;
    if (desk.auto_submit && !form.missing().length) submit();
  }

  // ---- what lasts for the whole page ----

  const isOwnTask = () => root.dataset.mode === "judge" && !stash;

  async function beat() {
    if (!movedSinceBeat || !form.sheet() || !isOwnTask()) return;
    movedSinceBeat = false;
    if (!(await keeper.keepAlive())) movedSinceBeat = true;
  }

  const form = judgeForm(root, words, () => { if (isOwnTask()) keeper.keep(); else keeper.again.keep(); });
  const marks = judgeMarks(root, words, form);
  const keeper = judgeKeeper({
    root, words, form, tell, complain, show, showAway, refill,
    activeMs: () => Math.round(activeMs),
    isOwnTask, submitted: showUndo, leaveRevision: unstash,
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.id === "skip") ACTS.skip(); else submit();
  });
  const BUTTONS = { "show-keys": "keys", flag: "flag", undo: "undo", raw: "raw", lock: "lock", end: "end" };
  root.addEventListener("click", (event) => {
    const act = BUTTONS[event.target.closest("button")?.id];
    if (act) ACTS[act]();
  });
  // A tap moves no pointer; a screen reader's or a voice's click is nothing but a click.
  for (const kind of ["pointermove", "pointerdown", "click", "keydown", "input", "scroll"]) {
    document.addEventListener(kind, onMove, { passive: true, capture: true }); // a scroll does not bubble
  }
  document.addEventListener("visibilitychange", onVisible);
  document.addEventListener("keydown", onKey);
  setInterval(beat, KEEP_LEASE_MS);
  setInterval(showClock, CLOCK_MS);
  document.documentElement.classList.add("has-script");
  begin();
  performance.mark("judge-ready"); // tests/bench/bench_desk.py reads it
  keeper.fill();
})();
