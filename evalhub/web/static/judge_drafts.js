// What is typed: in this browser at once, on the server a moment later. A version from elsewhere is
// never written over: the page shows both, and the person chooses.
"use strict";
// page: { root, words, form, store, net, complain, changed(), safe(), refresh(), refill(fields),
//   activeMs(), assignment(), isIdle() }
globalThis.judgeDrafts = (page) => {
  const { root, words, form, store, net } = page;
  const SAVE_AFTER_MS = 800, RETRY_MS = 3_000, LONGEST = 300;
  const NOT_KEPT = new Set(["csrfmiddlewaretoken", "assignment", "token", "submission_id", "seen", "task"]);
  const box = document.getElementById("choose-dialog");
  const versions = new Map(); // of drafts on the server, by assignment, newer than those in the HTML
  const dirty = new Set(); // assignments with something that the server does not have yet
  const refused = new Set(); // assignments of which the server does not take what is typed
  let timer = 0, saving = null, sent = null, loaded = null, lateOf = null;

  const version = () => versions.get(page.assignment()) ?? form.sheet().dataset.version;

  function fields() {
    // the header carries the CSRF token: one in a kept form would be stale after the next sign-in
    const told = form.fields().filter(([name]) => name !== "active_ms" && name !== "csrfmiddlewaretoken");
    return [...told, ["active_ms", String(page.activeMs())]];
  }

  const typed = () => fields().filter(([name]) => !NOT_KEPT.has(name));

  // The same answers are the same text, however long somebody looked at them.
  function textOf(values) {
    return JSON.stringify(values.filter(([name]) => name !== "active_ms" && !NOT_KEPT.has(name)).sort());
  }

  function remember() {
    store.keepDraft(page.assignment(), { fields: typed(), over: version(), sent, safe: !dirty.has(page.assignment()) });
  }

  function keep() {
    if (!page.assignment() || !page.isIdle()) return;
    dirty.add(page.assignment());
    refused.delete(page.assignment());
    remember();
    page.changed();
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  }

  // One at a time: a second one over the version that the first replaces would be a false alarm.
  async function save() {
    clearTimeout(timer);
    if (saving || box?.open || !dirty.has(page.assignment()) || !page.isIdle()) return;
    saving = saveOnce().finally(() => { saving = null; });
    await saving;
    if (dirty.has(page.assignment())) timer = setTimeout(save, net.isCut() ? RETRY_MS : 0);
  }

  async function saveOnce() {
    const uid = page.assignment(), told = fields(), before = sent;
    sent = textOf(told);
    remember();
    const answer = await net.post(`${root.dataset.base}draft/`, [...told, ["over", version()]]);
    const found = await net.meaning(answer);
    if (uid !== page.assignment()) return;
    if (found.kind === "ok") {
      const { version: made, late } = await answer.json();
      versions.set(uid, made);
      if (textOf(fields()) === sent) dirty.delete(uid);
      remember();
      page.safe();
      if (late && lateOf !== uid) page.complain(words.time_ran_out, undefined, "caution");
      if (late) lateOf = uid;
    } else if (found.code === "draft_changed") {
      versions.set(uid, found.version);
      const theirs = textOf(Object.entries(found.fields));
      if (theirs !== before && theirs !== sent) choose(Object.entries(found.fields));
    } else if (["problem", "turned_away", "barred"].includes(found.kind)) {
      dirty.delete(uid); // refused for good; the submit will say why
      refused.add(uid);
      if (found.kind === "barred") page.complain(found.detail);
    } else if (found.kind === "stale") {
      await page.refresh();
    }
    page.changed();
  }

  // The form as the server gave it, or as this browser remembers it.
  function restore() {
    clearTimeout(timer);
    sent = null;
    if (!page.assignment()) return null;
    loaded = textOf(fields());
    const mine = store.newestDraft(page.assignment());
    if (!mine) return null;
    if (textOf(mine.fields) === loaded) { store.keepDraft(page.assignment(), { ...mine, safe: true }); return mine.fields; }
    const theirs = form.fields(), isNewer = mine.over === version() || mine.sent === loaded || !version();
    page.refill(mine.fields);
    sent = mine.sent;
    if (isNewer) keep(); else choose(theirs);
    return mine.fields;
  }

  // ---- two versions ----

  function choose(theirs) {
    const mine = typed(), other = theirs.filter(([name]) => !NOT_KEPT.has(name));
    const names = [...new Set([...mine, ...other].map(([name]) => name))].filter((name) => name !== "active_ms");
    const [here, there] = [new Map(mine), new Map(other)];
    const rows = names.filter((name) => (here.get(name) ?? "") !== (there.get(name) ?? "")).map((name) => {
      const row = document.createElement("tr"), head = document.createElement("th");
      head.scope = "row";
      head.textContent = form.titleOf(name);
      row.append(head, ...[here, there].map((side) => {
        const cell = document.createElement("td");
        [cell.dir, cell.dataset.label] = ["auto", side === here ? words.here : words.there];
        const said = form.wordsFor(name, side.get(name) ?? "") || "–";
        cell.textContent = said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
        return cell;
      }));
      return row;
    });
    box.querySelector("tbody").replaceChildren(...rows);
    box.querySelector("form").onsubmit = (event) => {
      if (event.submitter.value === "other") page.refill(other);
      dirty.add(page.assignment());
      remember();
      setTimeout(save, 0); // the dialog has closed by then
    };
    box.showModal();
  }
  box?.addEventListener("cancel", (event) => event.preventDefault()); // one of the two it has to be

  return {
    fields, typed, textOf, keep, save, restore,
    versionOf: (task) => versions.get(task.assignment) ?? task.version,
    settled: () => saving,
    isDirty: () => dirty.size + refused.size > 0,
    isRefused: () => refused.size > 0,
    isOwn: () => textOf(fields()) !== loaded,
    hold: () => clearTimeout(timer),
    clean: () => { clearTimeout(timer); dirty.delete(page.assignment()); },
    forget: (uid) => { for (const known of [versions, dirty, refused]) known.delete(uid); store.forgetDraft(uid); },
  };
};
