// Marking passages: what is selected becomes a mark, marks are listed, linked to sources and lit.
"use strict";
globalThis.judgeMarks = (root, words, form) => {
  const { length, pieces, rangesOf, paint, textOf } = globalThis.passages;
  const LIT = ["mark", "mark-lit", "step", "found", "pick"];
  const MOST_SAID = 300; // letters of a picked passage
  let known = null, marks = [], linking = -1, picking = null, matches = [], match = -1;

  const holders = () => [...root.querySelectorAll("[data-response], [data-document]")].filter((one) => !one.hidden);
  const holderOf = (span) => holders().find((one) => (one.dataset.response ?? null) === (span.response ?? ""));

  function selected() {
    const chosen = getSelection();
    if (!chosen || chosen.isCollapsed || !chosen.rangeCount) return null;
    const range = chosen.getRangeAt(0);
    const holder = holders().find((one) => range.intersectsNode(one));
    if (!holder) return null;
    let from = Infinity, to = -1;
    for (const { node, from: a, to: b, isWhole } of pieces(holder)) {
      if (!range.intersectsNode(node)) continue;
      const begin = node === range.startContainer ? range.startOffset : 0;
      const end = node === range.endContainer ? range.endOffset : node.data.length;
      if (begin >= end) continue;
      from = Math.min(from, isWhole ? a : a + length(node.data.slice(0, begin)));
      to = Math.max(to, isWhole ? b : a + length(node.data.slice(0, end)));
    }
    return to > from ? { holder, from, to, text: chosen.toString() } : null;
  }

  // ---- the list of marks ----

  const field = () => form.sheet()?.elements.namedItem("spans");
  const nameOf = (list, slug) => known[list].find((one) => one.slug === slug)?.name ?? slug;

  function store() {
    field().value = JSON.stringify(marks);
    field().dispatchEvent(new Event("input", { bubbles: true }));
    list();
  }

  function list() {
    const place = document.getElementById("marks-list");
    if (!place) return;
    document.getElementById("marks-none").hidden = marks.length > 0;
    place.replaceChildren(...marks.map((mark, nth) => {
      const item = document.createElement("li"), quote = document.createElement("q"), facts = document.createElement("span");
      quote.textContent = textOf(holderOf(mark), mark.start, mark.end).slice(0, 80);
      quote.dir = "auto";
      facts.className = "small";
      const source = mark.passage ? form.say(words.evidence, { title: titleOf(mark.passage.document) }) : "";
      facts.textContent = [mark.response && `${mark.response}`, mark.error_type && nameOf("error_types", mark.error_type),
        mark.severity && nameOf("severities", mark.severity), mark.evidence && nameOf("evidence", mark.evidence), source, mark.note]
        .filter(Boolean).join(" · ");
      const acts = document.createElement("span");
      acts.className = "row";
      const offered = [["change", words.change], ...(known.has_documents ? [["link", words.link]] : []), ["remove", words.remove]];
      acts.append(...offered.map(([act, text]) => {
        const button = document.createElement("button");
        [button.type, button.className, button.textContent] = ["button", "button quiet small", text];
        [button.dataset.mark, button.dataset.markAct] = [nth, act];
        return button;
      }));
      item.append(quote, facts, acts);
      return item;
    }));
    paint("mark", marks.flatMap((mark) => rangesOf(holderOf(mark), mark.start, mark.end)));
  }

  const titleOf = (document_) => root.querySelector(`#source-${document_}`)?.textContent ?? "";

  function act(event) {
    const { mark, markAct } = event.target.closest("[data-mark-act]")?.dataset ?? {};
    if (!markAct) return;
    const nth = Number(mark);
    if (markAct === "remove") { marks.splice(nth, 1); store(); }
    if (markAct === "change") ask(marks[nth], nth);
    if (markAct === "link") {
      linking = nth;
      document.getElementById("sources").open = true;
      paint("mark-lit", rangesOf(holderOf(marks[nth]), marks[nth].start, marks[nth].end));
      pickSource();
    }
  }

  // ---- the dialog ----

  const dialog = () => document.getElementById("mark-dialog");

  function choices(place, name, rows, value) {
    place.hidden = !rows.length;
    place.querySelectorAll("label").forEach((label) => label.remove());
    rows.forEach((row, nth) => {
      const label = document.createElement("label"), input = document.createElement("input");
      [input.type, input.name, input.value, input.checked] = ["radio", name, row.slug, row.slug === value];
      label.title = row.description ?? "";
      label.append(input, ` ${row.name} `);
      if (name === "error_type" && nth < 9) {
        const key = document.createElement("kbd");
        key.textContent = input.dataset.key = String(nth + 1);
        label.append(key);
      }
      place.append(label);
    });
  }

  function ask(mark, nth = -1) {
    const box = dialog(), inside = box.querySelector("form");
    box.querySelector("#mark-quote").textContent = textOf(holderOf(mark), mark.start, mark.end).slice(0, 400);
    choices(box.querySelector("#mark-types"), "error_type", known.error_types, mark.error_type);
    choices(box.querySelector("#mark-severities"), "severity", known.severities, mark.severity);
    choices(box.querySelector("#mark-evidence"), "evidence", known.has_documents ? known.evidence : [], mark.evidence);
    inside.elements.note.value = mark.note ?? "";
    const problem = box.querySelector("[role=alert]");
    problem.hidden = true;
    inside.onsubmit = (event) => {
      if (event.submitter?.value !== "yes") return;
      const said = Object.fromEntries(new FormData(inside));
      if (!said.error_type && !said.evidence) {
        event.preventDefault();
        problem.textContent = words.say_what;
        problem.hidden = false;
        return;
      }
      const made = { ...mark, ...said };
      if (nth < 0) marks.push(made); else marks[nth] = made;
      store();
      getSelection()?.removeAllRanges();
    };
    box.showModal();
  }

  // M: what is selected; else choose sentence by sentence with the keys.
  function mark() {
    if (!known) return;
    if (picking) { finishPick(); return; }
    const found = selected();
    if (found) { take(found); return; }
    const label = form.litRow()?.dataset.about;
    pick(holders().find((one) => "response" in one.dataset && one.dataset.response === label)
      ?? holders().find((one) => "response" in one.dataset));
  }

  function take({ holder, from, to }) {
    const { document: source, response } = holder.dataset;
    if (source === undefined) {
      ask({ response: response || null, start: from, end: to });
    } else if (marks.length) {
      const nth = linking >= 0 ? linking : marks.length - 1;
      marks[nth] = { ...marks[nth], passage: { document: Number(source), start: from, end: to }, evidence: marks[nth].evidence || "supported" };
      linking = -1;
      paint("mark-lit", []);
      store();
      ask(marks[nth], nth);
    }
  }

  // ---- picking by keyboard: ← → move, Shift extends, ↑ sentences, ↓ words, Enter takes, Esc leaves ----

  // A highlight is only seen: what is picked stands in words too, and is said aloud.
  function sayPick(sentence) {
    const place = document.getElementById("picking");
    if (place) place.textContent = sentence;
  }

  // What was found last in the sources is where its evidence begins.
  function pickSource() {
    const { startContainer: node, startOffset } = matches[match] ?? {};
    const holder = node?.parentElement.closest("[data-document]"), piece = holder && [...pieces(holder)].find((one) => one.node === node);
    if (!piece) { pick(root.querySelector("[data-document]")); return; }
    pick(holder, piece.isWhole ? piece.from : piece.from + length(node.data.slice(0, startOffset)));
  }

  function pick(holder, keep = 0) {
    if (!holder) return;
    // The arrow that points on is the left one where the text runs from right to left.
    const on = getComputedStyle(holder).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const by = picking?.by ?? "sentence", from = picking?.holder;
    picking = { holder, by, at: 0, end: 0, on, isNew: !from, isElsewhere: holder !== from };
    cut(keep);
  }

  // Past the end of a source stands the next one, and past that of a response the other.
  function pickBeside(by) {
    const isSource = "document" in picking.holder.dataset;
    const all = holders().filter((one) => "document" in one.dataset === isSource), next = all[all.indexOf(picking.holder) + by];
    if (next) pick(next, by > 0 ? 0 : Infinity);
  }

  // In sentences or words, the one at `keep` picked: an offset into the raw text.
  function cut(keep) {
    const BLOCKS = "p, li, pre, td, th, h1, h2, h3, h4, h5, h6, div";
    let text = "", block = null;
    const offsets = []; // of each UTF-16 unit of `text`
    for (const { node, from, to, isWhole } of pieces(picking.holder)) {
      const its = node.parentElement.closest(BLOCKS);
      if (block && its !== block) { text += "\n"; offsets.push(offsets.at(-1)); } // ends a sentence
      block = its;
      let n = 0;
      for (const letter of node.data) {
        const place = isWhole ? [from, to] : [from + n, from + n + 1];
        offsets.push(...Array(letter.length).fill(place));
        n++;
      }
      text += node.data;
    }
    const cutter = new Intl.Segmenter(document.documentElement.lang, { granularity: picking.by });
    picking.parts = [...cutter.segment(text)].filter(({ segment }) => segment.trim()).map(({ segment, index }) => {
      const lead = segment.length - segment.trimStart().length, last = index + segment.trimEnd().length - 1;
      return [offsets[index + lead][0], offsets[last][1]];
    });
    const at = picking.parts.findIndex(([, to]) => to > keep);
    picking.at = picking.end = at < 0 ? Math.max(0, picking.parts.length - 1) : at;
    showPick();
  }

  function showPick() {
    const { holder, parts, at, end } = picking;
    if (!parts.length) { leavePick(); return; }
    const ranges = rangesOf(holder, parts[at][0], parts[end][1]);
    paint("pick", ranges);
    ranges.at(-1)?.startContainer.parentElement.scrollIntoView({ block: "nearest" });
    const quote = ranges.map(String).join("").slice(0, MOST_SAID);
    const title = holder.closest("section").querySelector("h2").textContent;
    const sentence = picking.isNew ? words.picking : picking.isElsewhere ? words.picked_in : words.picked;
    sayPick(form.say(sentence, { quote, title }));
    picking.isNew = picking.isElsewhere = false;
  }

  function leavePick() {
    picking = null;
    linking = -1;
    sayPick("");
    paint("pick", []);
    paint("mark-lit", []);
  }

  function finishPick() {
    const { holder, parts, at, end } = picking, link = linking;
    leavePick();
    linking = link;
    take({ holder, from: parts[at][0], to: parts[end][1] });
  }

  function onKey(event) {
    if (!picking) return false;
    const by = event.key === picking.on ? 1 : { ArrowLeft: -1, ArrowRight: -1 }[event.key];
    if (by) {
      const last = picking.parts.length - 1, to = picking.end + by;
      if (!event.shiftKey && (to < 0 || to > last)) { event.preventDefault(); pickBeside(by); return true; }
      picking.end = Math.max(0, Math.min(last, picking.end + by));
      if (!event.shiftKey) picking.at = picking.end;
      picking.end = Math.max(picking.at, picking.end);
      showPick();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      picking.by = event.key === "ArrowUp" ? "sentence" : "word";
      cut(picking.parts[picking.at][0]);
    } else if (event.key === "Enter") finishPick();
    else if (event.key === "Escape") leavePick();
    else return false;
    event.preventDefault();
    return true;
  }

  // ---- the button beside a selection, for hands on a mouse or a phone ----

  const button = document.createElement("button");
  [button.type, button.className, button.hidden] = ["button", "button primary small mark-button", true];
  document.body.append(button);
  button.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the selection
  button.addEventListener("click", () => { const found = selected(); button.hidden = true; if (found) take(found); });
  document.addEventListener("selectionchange", () => {
    const found = known && selected();
    const isSource = found && "document" in found.holder.dataset;
    button.hidden = !found || (isSource && !marks.length);
    if (button.hidden) return;
    button.textContent = isSource ? words.link : words.mark;
    const box = getSelection().getRangeAt(0).getBoundingClientRect();
    button.style.left = `${Math.max(8, Math.min(innerWidth - 140, box.right - 20))}px`;
    button.style.top = `${Math.max(8, Math.min(innerHeight - 60, box.bottom + 8))}px`;
  });

  // ---- searching the sources ----

  function find(text) {
    matches = [];
    const wanted = text.trim().toLowerCase();
    for (const holder of wanted ? root.querySelectorAll("[data-document]") : []) {
      const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const lower = node.data.toLowerCase();
        if (lower.length !== node.data.length) continue;
        for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length)) {
          const range = document.createRange();
          range.setStart(node, at);
          range.setEnd(node, at + wanted.length);
          matches.push(range);
        }
      }
    }
    match = -1;
    paint("found", matches);
    if (matches.length) showMatch(); else document.getElementById("found").textContent = wanted ? words.nothing_found : "";
  }

  function showMatch() {
    match = (match + 1) % matches.length;
    document.getElementById("found").textContent = form.say(words.found, { n: match + 1, count: matches.length });
    matches[match].startContainer.parentElement.scrollIntoView({ block: "nearest" });
  }

  root.addEventListener("input", (event) => { if (event.target.id === "find") { event.stopPropagation(); find(event.target.value); } }, true);
  root.addEventListener("keydown", (event) => {
    if (event.target.id === "find" && event.key === "Enter") { event.preventDefault(); if (matches.length) showMatch(); }
  });
  root.addEventListener("click", act);
  root.addEventListener("judge:lit", ({ detail }) => {
    const holder = detail && holders().find((one) => one.dataset.response === detail.about);
    const ranges = holder ? rangesOf(holder, detail.from, detail.to) : [];
    paint("step", ranges);
    ranges[0]?.startContainer.parentElement.scrollIntoView({ block: "nearest" });
  });

  function begin() {
    for (const name of LIT) paint(name, []);
    [picking, linking, matches] = [null, -1, []];
    sayPick("");
    button.hidden = true;
    known = JSON.parse(document.getElementById("marks-known")?.textContent ?? "null");
    try {
      marks = known ? JSON.parse(field()?.value || "[]") : [];
    } catch {
      marks = [];
    }
    if (known) list();
  }

  return { begin, mark, onKey, repaint: () => { if (known) list(); } };
};
