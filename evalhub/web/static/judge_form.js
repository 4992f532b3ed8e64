// The form of the annotator's page: the lit question, what is missing, places in a ranking, edits
// with their word diff. Without the scripts it is a plain form and works as well.
"use strict";
globalThis.judgeForm = (root, words, changed) => {
  const LONGEST_DIFF = 4_000_000; // cells of the table that the diff fills
  let lit = 0, arePointsOpen = false;

  const sheet = () => document.getElementById("sheet");
  const every = () => [...(sheet()?.querySelectorAll("fieldset.ask") ?? [])];
  const asks = () => every().filter((ask) => !ask.hidden);
  const chosen = (ask) => ask.querySelector(".options input:checked");
  const typedIn = (ask) => ask.querySelector(".typed");
  const isAnswered = (ask) => Boolean(chosen(ask) || typedIn(ask)?.value.trim());
  const isDemanded = (ask) => "required" in ask.dataset && !ask.classList.contains("free");
  const isCommented = (ask) => Boolean(ask.querySelector(".comment textarea")?.value.trim()); // lost without an answer
  const kindOf = (ask) => ask.dataset.name.split(".")[0];
  const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const response = (label) => root.querySelector(`.response[data-label="${CSS.escape(label)}"]`);

  // ---- the lit question ----

  function light(index, { into = true } = {}) {
    const rows = asks();
    if (!rows.length) return;
    lit = Math.max(0, Math.min(index, rows.length - 1));
    rows.forEach((row, nth) => row.classList.toggle("lit", nth === lit));
    if (into) rows[lit].scrollIntoView({ block: "nearest" });
    const { about, from, to } = rows[lit].dataset;
    for (const one of root.querySelectorAll(".response")) one.classList.toggle("lit", one.dataset.label === about);
    for (const turn of root.querySelectorAll(".turn")) turn.classList.toggle("lit", turn.id === about);
    const turn = about.startsWith("turn-") && document.getElementById(about);
    if (turn && into) turn.scrollIntoView({ block: "nearest" });
    root.dispatchEvent(new CustomEvent("judge:lit", { detail: from ? { about, from: +from, to: +to } : null }));
  }

  function showAnchor(ask, input) {
    const line = ask.querySelector(".anchor");
    line.textContent = input?.getAttribute("aria-description") || line.dataset.question;
  }

  function choose(ask, input) {
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    showAnchor(ask, input);
  }

  function step(ask, by) {
    const typed = typedIn(ask), options = [...ask.querySelectorAll(".options input")];
    if (typed) { typed.focus(); return; }
    const at = options.indexOf(chosen(ask));
    const to = at < 0 ? (by > 0 ? 0 : options.length - 1) : at + by;
    if (options[to]) choose(ask, options[to]);
  }

  // ← and →: the same question of the neighbouring response; where there is none, one point on.
  function sideways(by) {
    const rows = asks(), ask = rows[lit];
    if (!ask) return;
    const [kind, label, ...rest] = ask.dataset.name.split(".");
    const family = rows.filter((row) => {
      const [otherKind, , ...otherRest] = row.dataset.name.split(".");
      return kind === "rating" && otherKind === kind && otherRest.join() === rest.join();
    });
    const next = family[family.indexOf(ask) + by];
    if (family.length < 2 || !label) step(ask, by);
    else if (next) light(rows.indexOf(next));
  }

  // ---- what is missing ----

  // A question that hangs on another answer is there only while that one is given.
  function follow() {
    const answers = new Map();
    for (const ask of every()) {
      const { name, askedIf, askedValues } = ask.dataset;
      ask.hidden = ask.disabled = askedIf !== undefined && !askedValues.split(" ").includes(answers.get(askedIf));
      if (!ask.hidden) answers.set(name, chosen(ask)?.value);
    }
  }

  // After the first wrong step the rest of a reasoning stands on it: those rows are free.
  function markErrors() {
    const broken = new Set();
    for (const ask of asks().filter((row) => kindOf(row) === "step")) {
      const { about } = ask.dataset;
      ask.classList.toggle("free", broken.has(about));
      const isFirst = !broken.has(about) && chosen(ask)?.value === "wrong";
      ask.querySelector("legend").dataset.note = isFirst ? words.first_error : "";
      if (isFirst) broken.add(about);
    }
  }

  function missing() {
    const rows = asks().filter((ask) => (isDemanded(ask) || isCommented(ask)) && !isAnswered(ask));
    const texts = [...(sheet()?.querySelectorAll("textarea[required]") ?? [])].filter((text) => !text.value.trim());
    return [...rows, ...texts];
  }

  function sayMissing() {
    follow();
    markErrors();
    const place = document.getElementById("missing");
    if (!place) return;
    const titles = missing().map((one) => one.dataset.title);
    const named = titles.length > 3
      ? say(words.more, { titles: titles.slice(0, 3).join(", "), n: titles.length - 3 }) : titles.join(", ");
    place.textContent = titles.length ? say(words.still, { titles: named }) : words.ready;
  }

  function goToMissing() {
    const [first] = missing();
    if (!first) return false;
    if (first.matches("textarea")) first.focus();
    else { light(asks().indexOf(first)); first.querySelector(".typed, input").focus(); }
    sayMissing();
    return true;
  }

  // ---- a ranking: places as rows to drag into; the radios stay the truth ----

  function layTiers() {
    const rows = asks().filter((ask) => kindOf(ask) === "rank");
    if (!rows.length) return;
    let tiers = document.getElementById("tiers");
    if (!tiers) {
      tiers = document.createElement("div");
      [tiers.id, tiers.className] = ["tiers", "tiers"];
      rows[0].before(tiers);
      tiers.addEventListener("click", moveByButton);
      tiers.addEventListener("pointerdown", drag);
    }
    const zones = [...rows.map((_, nth) => zone(String(nth + 1), say(words.place, { n: nth + 1 }))), zone("", words.unplaced)];
    for (const row of rows) zones.at((chosen(row)?.value ?? 0) - 1).append(chip(row));
    if (!zones.at(-1).querySelector(".chip")) zones.pop();
    const focused = document.activeElement?.closest(".chip button")?.dataset;
    tiers.replaceChildren(...zones);
    if (focused) tiers.querySelector(`button[data-of="${focused.of}"][data-by="${focused.by}"]`)?.focus();
  }

  function zone(value, title) {
    const made = document.createElement("div");
    made.className = "tier";
    made.dataset.place = value;
    const head = document.createElement("span");
    [head.className, head.textContent] = ["small muted", title];
    made.append(head);
    return made;
  }

  function chip(row) {
    const label = row.dataset.about, made = document.createElement("span");
    made.className = "chip";
    made.dataset.of = label;
    const name = document.createElement("b");
    name.textContent = label;
    made.append(name, ...[[-1, "▲", words.up], [1, "▼", words.down]].map(([by, sign, title]) => {
      const button = document.createElement("button");
      [button.type, button.textContent, button.className] = ["button", sign, "button quiet small"];
      button.setAttribute("aria-label", say(title, { label }));
      [button.dataset.of, button.dataset.by] = [label, by];
      return button;
    }));
    return made;
  }

  const rowOf = (label) => asks().find((ask) => ask.dataset.name === `rank.${label}`);

  function put(label, place) {
    const row = rowOf(label), input = row?.querySelector(`input[value="${CSS.escape(place)}"]`);
    if (input) { light(asks().indexOf(row)); choose(row, input); }
  }

  function moveByButton(event) {
    const { of, by } = event.target.closest("button")?.dataset ?? {};
    if (of) { const row = rowOf(of); light(asks().indexOf(row)); step(row, Number(by)); }
  }

  function drag(event) {
    const held = event.target.closest(".chip");
    if (!held || event.target.closest("button") || event.button) return;
    event.preventDefault();
    const tiers = document.getElementById("tiers"), label = held.dataset.of;
    held.setPointerCapture(event.pointerId);
    held.classList.add("dragged");
    const under = (move) => document.elementFromPoint(move.clientX, move.clientY)?.closest("#tiers .tier");
    const over = (move) => tiers.querySelectorAll(".tier").forEach((one) => one.classList.toggle("over", one === under(move)));
    const end = (last) => {
      held.removeEventListener("pointermove", over);
      held.classList.remove("dragged");
      const target = last.type === "pointerup" ? under(last) : null;
      if (target?.dataset.place) put(label, target.dataset.place); else layTiers();
    };
    held.addEventListener("pointermove", over);
    held.addEventListener("pointerup", end, { once: true });
    held.addEventListener("pointercancel", end, { once: true });
  }

  // ---- edits ----

  const original = (label) => response(label)?.querySelector(".raw")?.textContent ?? "";
  const editorOf = (label) => sheet()?.querySelector(`[data-corrects="${CSS.escape(label)}"] textarea`);

  function edit(label) {
    const first = sheet()?.querySelector("[data-corrects]")?.dataset.corrects;
    const text = editorOf(label ?? asks()[lit]?.dataset.about ?? "") ?? editorOf(first ?? "");
    if (!text) return;
    if (!text.value) text.value = original(text.closest("[data-corrects]").dataset.corrects);
    showDiff(text);
    text.focus();
    text.setSelectionRange(0, 0);
    text.scrollTop = 0;
  }

  // An edit that changes nothing is none.
  const isUnchanged = (text) => text.value === original(text.closest("[data-corrects]").dataset.corrects);

  function showDiff(text) {
    const holder = text.closest("[data-corrects]"), place = holder.querySelector(".diff");
    holder.classList.toggle("editing", Boolean(text.value));
    place.hidden = !text.value || isUnchanged(text);
    if (place.hidden) return;
    place.replaceChildren(...wordDiff(original(holder.dataset.corrects), text.value).map(([kind, part]) => {
      if (!kind) return part;
      const made = document.createElement(kind);
      made.textContent = part;
      return made;
    }));
  }

  // Longest common subsequence of words, with what both begin and end with put aside first.
  function wordDiff(before, after) {
    const [a, b] = [before, after].map((text) => text.match(/\s+|[^\s]+/g) ?? []);
    let head = 0, tail = 0;
    while (head < Math.min(a.length, b.length) && a[head] === b[head]) head++;
    while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
    const [x, y] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
    const middle = x.length * y.length > LONGEST_DIFF ? [["del", x.join("")], ["ins", y.join("")]] : aligned(x, y);
    const parts = [["", a.slice(0, head).join("")], ...middle, ["", a.slice(a.length - tail).join("")]];
    return parts.filter(([, part]) => part);
  }

  function aligned(x, y) {
    const width = y.length + 1, table = new Uint16Array((x.length + 1) * width);
    for (let i = x.length - 1; i >= 0; i--) {
      for (let j = y.length - 1; j >= 0; j--) {
        table[i * width + j] = x[i] === y[j] ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
      }
    }
    const parts = [];
    const add = (kind, word) => { if (parts.at(-1)?.[0] === kind) parts.at(-1)[1] += word; else parts.push([kind, word]); };
    let i = 0, j = 0;
    while (i < x.length || j < y.length) {
      if (i < x.length && j < y.length && x[i] === y[j]) { add("", x[i]); i++; j++; }
      else if (j >= y.length || (i < x.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) add("del", x[i++]);
      else add("ins", y[j++]);
    }
    return parts;
  }

  // ---- as a whole ----

  function fields() {
    const made = new FormData(sheet());
    for (const text of sheet().querySelectorAll("[data-corrects] textarea")) if (isUnchanged(text)) made.delete(text.name);
    return [...made].filter(([, value]) => value !== "");
  }

  function fill(values) {
    for (const [name, value] of values) {
      for (const field of sheet().querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type === "radio") field.checked = field.value === value;
        else field.value = value; // "none" in a number's field is nothing
      }
    }
  }

  // Exactly these values, and nothing of what stood there.
  function refill(values) {
    for (const field of sheet().querySelectorAll("textarea, select, [type=radio], [type=number], [name=spans]")) {
      if (field.type === "radio") field.checked = false;
      else if (field.matches("select")) field.selectedIndex = 0;
      else field.value = field.name === "spans" ? "[]" : "";
    }
    fill(values);
    asks().forEach((ask) => showAnchor(ask, chosen(ask)));
    sheet().querySelectorAll("[data-corrects] textarea").forEach(showDiff);
    layTiers();
    sayMissing();
    lightFirst();
  }

  // ---- a field's value in words, for two versions side by side ----

  const askOf = (name) => every().find((ask) => ask.dataset.name === name);

  function titleOf(name) {
    const field = sheet().elements.namedItem(name), label = field?.labels?.[0];
    if (name === "spans") return document.getElementById("marks-title")?.firstChild.textContent.trim() ?? name;
    return askOf(name)?.dataset.title ?? [...(label?.childNodes ?? [])].find((node) => node.data?.trim())?.data.trim() ?? name;
  }

  function wordsFor(name, value) {
    if (name === "spans") return value && JSON.parse(value).length ? say(words.marks, { n: JSON.parse(value).length }) : "";
    const option = askOf(name)?.querySelector(`.options input[value="${CSS.escape(value)}"]`);
    const chosenOf = sheet().querySelector(`select[name="${CSS.escape(name)}"] option[value="${CSS.escape(value)}"]`);
    return option?.parentElement.querySelector("span").textContent ?? chosenOf?.textContent ?? value;
  }

  // Who wants the points in words wants those of each question, and of the next task too.
  function openPoints() {
    for (const one of root.querySelectorAll("details.points")) one.open = arePointsOpen;
  }

  function begin() {
    sheet().noValidate = true;
    openPoints();
    asks().forEach((ask) => showAnchor(ask, chosen(ask)));
    for (const text of sheet().querySelectorAll("[data-corrects] textarea")) {
      showDiff(text);
      const { corrects } = text.closest("[data-corrects]").dataset, button = document.createElement("button");
      [button.type, button.className, button.textContent] = ["button", "button quiet small", words.edit];
      button.addEventListener("click", () => edit(corrects));
      response(corrects)?.querySelector("header").append(button);
    }
    layTiers();
    sayMissing();
    lightFirst();
  }

  function lightFirst() {
    const first = asks().findIndex((ask) => !isAnswered(ask));
    light(first < 0 ? 0 : first, { into: false });
  }

  root.addEventListener("click", (event) => {
    const points = event.target.closest("details.points > summary")?.parentElement;
    if (!points) return;
    event.preventDefault();
    arePointsOpen = !points.open;
    openPoints();
  });
  root.addEventListener("input", (event) => {
    if (event.target.matches("[data-corrects] textarea")) showDiff(event.target);
    if (event.target.matches(".typed")) for (const one of event.target.closest(".ask").querySelectorAll(".options input")) one.checked = false;
    if (event.target.closest("#sheet")) { sayMissing(); changed(); }
  });
  root.addEventListener("change", (event) => {
    if (!event.target.closest("#sheet")) return;
    const typed = event.target.closest(".ask .options") && typedIn(event.target.closest(".ask"));
    if (typed) typed.value = ""; // "can't tell" stands in its place
    if (event.target.name.startsWith("rank.")) layTiers();
    sayMissing();
    changed();
  });
  for (const kind of ["focusin", "mouseover"]) {
    root.addEventListener(kind, (event) => {
      if (kind === "focusin" && event.target.matches?.(".typed")) light(asks().indexOf(event.target.closest(".ask")), { into: false });
      const option = event.target.closest?.("label.option, .options input");
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

  return {
    sheet, asks, chosen, typedIn, choose, light, sideways, missing, goToMissing, edit, fields, refill, begin, say,
    titleOf, wordsFor,
    litRow: () => asks()[lit], litIndex: () => lit,
  };
};
