// What was judged: each judgment waits in this browser until the server has it, is sent in order and
// counts once. Here meet what the browser keeps, the server, the tasks in hand and the drafts.
"use strict";
// page: { root, words, form, tell(state, { waiting, safeAt }), complain(sentence, link, kind),
//   show(html, { counted }), showAway(), refill(fields), activeMs(), isOwnTask(), submitted(),
//   leaveRevision() }
globalThis.judgeKeeper = (page) => {
  const { root, words, form, complain } = page;
  const RETRY_MS = 3_000, AGAIN_MS = 100, SETTLED_MS = [2_000, 10_000], STUCK_MS = 10_000, LOOK_MS = 60_000, TRIES = 3, UNDO_MS = 1000 * Number(root.dataset.undo ?? 0);
  const store = judgeStore(root.dataset.member);
  const net = judgeNet({ root, words, complain, changed: () => showState() });
  const hand = judgeHand({ root, store, net });
  const drafts = judgeDrafts({
    ...page, store, net, assignment, refresh, changed: () => showState(), safe: () => isSafeNow(), isIdle: () => !isWaiting && page.isOwnTask(),
  });
  const again = judgeAgain({ ...page, store, net, drafts, refresh, changed: () => showState(), revised });
  let retryTimer = 0, isSending = false, safeAt = Date.now(), sayNext = null;
  let isWaiting = store.queue().some((row) => row.assignment === hand.here()?.assignment); // for a next task
  let last = null; // what was submitted last: { key, task, fields, judgment, until }

  function assignment() {
    return page.isOwnTask() ? form.sheet()?.dataset.assignment || null : null;
  }

  const isHeldUp = () => net.isCut() || net.isSlow() || net.isBarred() || drafts.isRefused() || store.queue().some(isStuck);

  function showState() {
    const waiting = store.waiting(), isSafe = !waiting && !drafts.isDirty();
    const kept = store.isInTabOnly() ? "kept_in_tab" : "kept", safe = again.isDirty() ? "until_submit" : "safe";
    page.tell(isSafe ? safe : isHeldUp() ? kept : "saving", { waiting, safeAt });
  }

  const isSafeNow = () => { safeAt = Date.now(); showState(); };

  // ---- submits ----

  async function submit() {
    if (!assignment() || isWaiting) return;
    const told = drafts.fields(), task = hand.here();
    drafts.clean();
    const key = store.enqueue({ act: "submit", base: root.dataset.base, assignment: task.assignment, fields: told });
    last = { key, task, fields: drafts.typed() };
    store.tell("taken", { assignment: task.assignment, text: drafts.textOf(told) });
    page.submitted();
    if (!goOn({ counted: true })) wait();
    await sendQueue();
  }

  // Until the next task is here, nothing more can be said about this one. A field that is left late
  // tells of its change when it is left: now, not when it is taken off the page.
  function wait() {
    isWaiting = true;
    document.activeElement?.blur();
    if (form.sheet()) form.sheet().inert = true;
  }

  // The next task that is in hand, if there is one.
  function goOn({ counted }) {
    const next = hand.take();
    if (!next) return false;
    wait();
    hand.show(next);
    isWaiting = false;
    page.show(next.html, { counted });
    return true;
  }

  const isStuck = (row) => (row.faults ?? 0) >= TRIES;

  // Oldest first; a row leaves the queue when the server has it, or has said why it never will. One
  // on which evalhub fails time and again keeps no other waiting.
  async function sendQueue() {
    if (isSending) return;
    isSending = true;
    clearTimeout(retryTimer);
    try {
      if (navigator.onLine === false && !(await net.reach("/health/"))) { later(sendQueue); return; }
      await store.locked(async () => {
        for (let [row] = store.queue(); row; [row] = store.queue()) if (!(await send(row))) break;
      });
    } finally {
      isSending = false;
    }
    showState();
    if (net.isCut()) return;
    if (store.queue().some((row) => !isStuck(row))) { later(sendQueue); return; }
    if (isWaiting) await fetchNext(); else hand.fill();
    if (store.waiting() && !net.isCut()) later(sendQueue);
  }

  async function send(row) {
    await drafts.settled(); // a draft that came after its judgment would be a late one
    if (!store.has(row.key)) return true; // taken back meanwhile, where there are no locks
    const isHere = row.base === root.dataset.base, rest = hand.held().filter((uid) => uid !== row.assignment);
    const wants = isHere && row.act === "submit" && rest.length < hand.size && root.dataset.mode === "judge";
    if (!row.isTried) store.write(row.key, { ...row, isTried: true, key: undefined });
    const more = row.act === "submit" ? [["claim_next", String(wants)], ["holding", rest.join()]] : [];
    const answer = await net.post(`${row.base}${row.act}/`, [...row.fields, ...more], { takesFault: true });
    const found = await net.meaning(answer);
    if (found.kind === "cut") return later(sendQueue);
    if (["fault", "turned_away", "barred"].includes(found.kind)) return failed(row, found);
    if (found.kind === "out") return later(refresh);
    if (found.kind === "stale") { // or something before evalhub says 403 to whatever comes
      const goesOn = failed(row, { kind: "turned_away", status: 403 });
      return !(await refresh()) && goesOn;
    }
    if (found.code === "lease_lost" && !row.isAgain && isHere) return lost(row, found);
    store.forget(row.key);
    isSafeNow();
    if (row.act === "draft") { drafts.forget(row.assignment); return true; }
    if (found.kind === "problem") return refused(row, found);
    drafts.forget(row.assignment);
    hand.done.add(row.assignment);
    if (last?.key === row.key) Object.assign(last, { judgment: answer.headers.get("X-Judgment"), until: Date.now() + UNDO_MS });
    page.submitted();
    taken(await answer.text(), wants);
    return true;
  }

  function failed({ key, ...row }, found) {
    const faults = (row.faults ?? 0) + 1; // for whoever is barred, three tries are one
    Object.assign(row, { isTried: true, faults: found.kind === "barred" ? Math.max(TRIES, faults) : faults });
    if (!isStuck(row)) { store.write(key, row); return later(sendQueue); }
    store.forget(key);
    const behind = store.enqueue(row);
    if (last?.key === key) last.key = behind;
    if (row.faults === TRIES) sayNext = { fault: words.fault, barred: found.detail }[found.kind] ?? form.say(words.turned_away, found);
    if (!isWaiting) tellLater();
    return store.queue().every(isStuck) ? later(sendQueue) : true;
  }

  function later(act) {
    if (isWaiting && net.isCut()) page.showAway();
    showState();
    clearTimeout(retryTimer);
    const isHopeless = net.isBarred() || (store.waiting() && store.queue().every(isStuck));
    retryTimer = setTimeout(act, isHopeless ? STUCK_MS : RETRY_MS);
    return false;
  }

  // The server has it; `html` is the task that the page does not have yet, or says that none is left.
  function taken(html, wanted) {
    if (wanted) hand.put(html); else hand.again();
    if (!isWaiting || goOn({ counted: true }) || store.waiting() || !wanted) return;
    isWaiting = false;
    hand.show(null);
    page.show(html, { counted: true });
  }

  // Not this page's any more. The server keeps what was said as a late draft, and lends the task
  // again while it has a place: then the same answers go once more, under the new token.
  async function lost(row, found) {
    const html = await hand.ask(row.assignment);
    if (html === null) return later(sendQueue);
    const task = hand.taskIn(html);
    if (task?.assignment === row.assignment && found.state !== "submitted") {
      const fields = row.fields.map(([name, value]) => [name, name === "token" ? task.token : value]);
      store.write(row.key, { ...row, fields, isAgain: true, key: undefined });
      if (hand.here()?.assignment === row.assignment) hand.show(task);
      return true;
    }
    store.forget(row.key);
    drafts.forget(row.assignment);
    hand.done.add(row.assignment);
    if (task) hand.put(html);
    sayNext = found.state === "submitted" ? words.elsewhere : words.lost;
    if (!isWaiting || goOn({ counted: false })) tellLater();
    return true;
  }

  function refused(row, problem) {
    if (isWaiting && hand.here()?.assignment === row.assignment) {
      isWaiting = false;
      if (form.sheet()) form.sheet().inert = false; else page.show(hand.here().html, { counted: false });
      complain(problem.detail);
      return true;
    }
    const isLost = problem.code === "lease_lost";
    if (isLost) hand.done.add(row.assignment);
    const sentence = isLost ? words.lost : form.say(words.refused, { why: problem.detail });
    complain(sentence, isLost ? undefined : { href: location.href, text: words.load_again });
    return true;
  }

  // ---- the next task ----

  async function fetchNext() {
    wait();
    const html = await hand.ask();
    if (html === null) {
      if (net.isBarred()) tellLater();
      later(fetchNext);
      return;
    }
    hand.show(null);
    if (!hand.put(html) || !goOn({ counted: false })) {
      isWaiting = false;
      hand.show(hand.taskIn(html));
      page.show(html, { counted: false });
    }
    tellLater();
    hand.fill();
  }

  // Colleagues hold what is left: some of it may have come back.
  async function lookAgain() {
    if (isWaiting || document.hidden || !root.querySelector("[data-looks-again]")) return;
    const html = await hand.ask();
    if (html === null || isWaiting || hand.here()) return;
    if (hand.put(html) && goOn({ counted: false })) hand.fill();
    else if (!html.includes("data-looks-again")) page.show(html, { counted: false });
  }

  // What has to be said on the page that comes next.
  function tellLater() {
    const drafts = { href: root.dataset.drafts, text: words.to_drafts };
    const isDraft = [words.lost, words.elsewhere_differs].includes(sayNext);
    if (sayNext) complain(sayNext, isDraft ? drafts : undefined, "caution");
    sayNext = null;
  }

  // After a new sign-in the page's token is stale: take a fresh one, then send what waits. What is
  // wrong, in words; nothing when all is well.
  async function refresh() {
    const isAtWork = root.dataset.mode === "judge"; // another page wants no task
    const url = isAtWork ? `${root.dataset.base}next/?holding=${hand.held().join()}` : location.href;
    const answer = await net.reach(url), found = await net.meaning(answer);
    if (found.kind === "barred") { complain(found.detail); later(sendQueue); return ""; }
    if (found.kind !== "ok") { later(refresh); return found.detail ?? words.offline_act; }
    const html = await answer.text();
    if (isAtWork) hand.put(html); else net.read(html);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(onLine, AGAIN_MS);
    again.onBack();
    return "";
  }

  // ---- back to the last one: out of the queue, or withdrawn; null when it is too late for that ----

  // It was sent, and nobody says whether it came: until somebody does, nothing can be taken back.
  const isUnknown = (key) => isHeldUp() && store.queue().some((row) => row.key === key && row.isTried);

  async function takeBack() {
    if (!last) return null;
    document.activeElement?.blur();
    await drafts.save();
    const { key, task, fields } = last;
    if (isUnknown(key)) return null;
    const wasUnsent = await store.locked(() => {
      const row = store.queue().find((one) => one.key === key);
      if (row && !row.isTried) store.forget(key);
      return row && !row.isTried;
    });
    let html = wasUnsent ? task.html : null;
    if (!wasUnsent) {
      if (!last.judgment || Date.now() > last.until) return null;
      const answer = await net.post(`${root.dataset.base}withdraw/`, [["judgment", last.judgment]]);
      if ((await net.meaning(answer)).kind !== "ok") return null;
      html = await answer.text();
    }
    if (hand.here() && !isWaiting) hand.ahead.unshift(hand.here());
    [last, isWaiting] = [null, false];
    hand.done.delete(task.assignment);
    store.tell("back", { assignment: task.assignment });
    const back = hand.taskIn(html);
    store.keepDraft(task.assignment, { fields, over: drafts.versionOf(back), sent: null });
    hand.show(back);
    page.show(html, { counted: false });
    showState();
    return true;
  }

  // ---- other tabs, other acts ----

  store.onTold(({ kind, assignment: uid, text }) => {
    if (kind === "back") hand.done.delete(uid);
    if (kind !== "taken") { if (kind !== "here" && kind !== "hello") showState(); return; }
    hand.done.add(uid);
    hand.drop(uid);
    if (uid !== assignment() || isWaiting) return;
    const differs = drafts.isOwn() && drafts.textOf(drafts.fields()) !== text;
    if (differs) store.enqueue({ act: "draft", base: root.dataset.base, assignment: uid, fields: drafts.fields() });
    drafts.clean();
    drafts.forget(uid); // what differs is in the queue
    sayNext = differs ? words.elsewhere_differs : words.elsewhere;
    if (goOn({ counted: true })) tellLater(); else wait();
    sendQueue();
  });

  // Why it was not done, for whoever asked; "" where it was.
  async function act(name, more) {
    const ids = form.fields().filter(([key]) => key === "assignment" || key === "token");
    const answer = await net.post(`${root.dataset.base}${name}/`, [...ids, ...Object.entries(more)]);
    const found = await net.meaning(answer);
    if (found.kind === "ok" || found.code === "lease_lost") return "";
    if (found.kind === "stale") await refresh();
    return found.detail ?? words.offline_act;
  }

  async function flag(more) {
    const why = await act("flag", more);
    if (!why) complain(words.flagged, undefined, "good");
    return why;
  }

  async function skip(more) {
    const uid = assignment();
    await drafts.settled();
    drafts.hold(); // a draft that came after the skip would be a late one
    const why = await act("skip", more);
    if (why) { drafts.save(); return why; }
    drafts.clean();
    drafts.forget(uid);
    hand.done.add(uid);
    hand.again();
    store.tell("taken", { assignment: uid });
    if (goOn({ counted: false })) hand.fill(); else await fetchNext();
    return "";
  }

  async function keepAlive() {
    const gone = await hand.keepAlive();
    if (gone?.includes(assignment())) complain(words.time_ran_out, undefined, "caution");
    return gone !== null;
  }

  async function onLine() {
    await sendQueue();
    drafts.save();
    if (root.dataset.mode === "judge") await keepAlive();
  }

  function revised(judgment, { isHere }) {
    if (last) Object.assign(last, { judgment, until: 0 });
    isSafeNow();
    if (isHere) page.leaveRevision();
  }

  setInterval(lookAgain, LOOK_MS);
  document.addEventListener("visibilitychange", lookAgain);
  net.onBack(refresh);
  addEventListener("online", onLine);
  addEventListener("focus", () => { if (store.waiting() || again.isWaiting() || net.isSignedOut()) refresh(); });
  addEventListener("beforeunload", (event) => { if (net.isCut() && hand.ahead.length) event.preventDefault(); });
  // Nobody tells a reload from leaving: what was in hand may have gone back after we took it up again.
  if (performance.getEntriesByType("navigation")[0]?.type === "reload") SETTLED_MS.forEach((ms) => setTimeout(keepAlive, ms));
  if (isWaiting) wait();
  if (store.waiting()) retryTimer = setTimeout(sendQueue, 0);
  return {
    submit, skip, flag, keepAlive, takeBack, showState, again,
    keep: drafts.keep, restore: drafts.restore, fill: hand.fill,
    last: () => last?.judgment ?? null,
    canUndo: () => last !== null,
    undoLeft: () => (last?.until ? Math.max(0, Math.ceil((last.until - Date.now()) / 1000)) : 0),
  };
};
