// What the annotator did: kept in this browser at once, on the server a moment later. A judgment
// that cannot be sent waits in this browser's queue until it can; nothing is lost on the way. The
// next task is fetched while this one is judged, and each submit brings the one after it.
"use strict";
// page: { root, words, form, tell(state), complain(sentence, link), show(html, counted), activeMs() }
globalThis.judgeKeeper = (page) => {
  const { root, words, form, tell, complain } = page;
  const QUEUE = `evalhub.queue.${root.dataset.member}`;
  const DRAFT = `evalhub.draft.${root.dataset.member}.`;
  const SAVE_AFTER_MS = 800, RETRY_MS = 5_000;
  const NOT_KEPT = new Set(["csrfmiddlewaretoken", "assignment", "token", "submission_id"]);
  const memory = new Map(); // holds what a full or forbidden localStorage refuses
  let saveTimer = 0, retryTimer = 0, draftTurn = 0, isSending = false, isWaiting = false;
  let ahead = null; // the next task: { html, assignment }
  let isFetching = false, lastJudgment = null;
  const done = new Set(); // assignments that the server has from this page

  function read(key, otherwise) {
    if (memory.has(key)) return memory.get(key);
    try {
      return JSON.parse(localStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise; // forbidden, or not ours
    }
  }

  function write(key, value) {
    memory.delete(key);
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      memory.set(key, value);
    }
  }

  function forget(key) {
    memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // forbidden: then nothing is stored there
    }
  }

  const assignment = () => form.sheet()?.dataset.assignment || null;
  const queue = () => read(QUEUE, []);
  const csrf = () => root.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const valueOf = (fields, name) => fields.find(([key]) => key === name)?.[1];

  function post(act, fields) {
    return fetch(root.dataset.base + act, {
      method: "POST", body: new URLSearchParams(fields), credentials: "same-origin",
      headers: { "X-CSRFToken": csrf(), "X-Requested-With": "judge" },
    });
  }

  const isSignedOut = (answer) => answer.redirected || answer.status === 401;

  function askToSignIn() {
    tell("kept");
    complain(words.signed_out, { href: root.dataset.signIn, text: words.sign_in });
  }

  function fields() {
    // the header carries the CSRF token: one in a kept form would be stale after the next sign-in
    const told = form.fields().filter(([name]) => name !== "active_ms" && name !== "csrfmiddlewaretoken");
    return [...told, ["active_ms", String(page.activeMs())]];
  }

  // ---- drafts ----

  function keep() {
    if (!assignment()) return;
    write(DRAFT + assignment(), fields().filter(([name]) => !NOT_KEPT.has(name)));
    tell("saving");
    clearTimeout(saveTimer);
    saveTimer = setTimeout(saveDraft, SAVE_AFTER_MS);
  }

  async function saveDraft() {
    const uid = assignment(), turn = ++draftTurn;
    if (!uid || isWaiting) return;
    try {
      const answer = await post("draft/", fields());
      if (turn !== draftTurn || uid !== assignment()) return;
      if (isSignedOut(answer)) askToSignIn();
      else if (answer.status === 403 && !isProblem(answer)) refresh(); // the page's token is stale
      else tell(answer.ok ? "safe" : "kept");
    } catch {
      tell("kept"); // offline: it is in this browser, and goes with the submit
    }
  }

  const restored = () => read(DRAFT + assignment(), []);

  // ---- submits ----

  async function submit() {
    if (!assignment() || isWaiting) return;
    const told = fields(), uid = assignment();
    write(QUEUE, [...queue().filter((row) => row.assignment !== uid), { assignment: uid, fields: told }]);
    clearTimeout(saveTimer);
    isWaiting = true;
    showAhead();
    await sendQueue();
  }

  // The task that was fetched ahead, unless it came on the page by another way meanwhile.
  function takeAhead() {
    const next = ahead;
    ahead = null;
    return next && !isHere(next.assignment) ? next.html : null;
  }

  function showAhead() {
    const html = takeAhead();
    if (!html) return;
    isWaiting = false;
    page.show(html, { counted: true });
  }

  // Oldest first; a row leaves the queue when the server has it, or has said why it never will.
  async function sendQueue() {
    if (isSending) return;
    isSending = true;
    clearTimeout(retryTimer);
    try {
      for (let row = queue()[0]; row; row = queue()[0]) if (!(await send(row))) break;
    } finally {
      isSending = false;
    }
    prefetch();
  }

  async function send(row) {
    const onPage = [isWaiting ? null : assignment(), ahead?.assignment, ...queue().slice(1).map((one) => one.assignment)];
    const holding = onPage.filter((uid) => uid && uid !== row.assignment).join();
    tell("saving");
    let answer;
    try {
      answer = await post("submit/", [...row.fields, ["claim_next", ahead ? "false" : "true"], ["holding", holding]]);
    } catch {
      answer = null;
    }
    if (!answer || answer.status >= 500) return later("kept", sendQueue);
    if (isSignedOut(answer)) { askToSignIn(); return later("kept", refresh); }
    if (answer.status === 403 && !isProblem(answer)) return refresh();
    write(QUEUE, queue().filter((one) => one.assignment !== row.assignment));
    done.add(row.assignment);
    if (!answer.ok) return refused(row, await answer.json());
    forget(DRAFT + row.assignment);
    lastJudgment = answer.headers.get("X-Judgment");
    taken(await answer.text());
    return true;
  }

  const isProblem = (answer) => /json/.test(answer.headers.get("Content-Type") ?? "");

  function later(state, act) {
    tell(state);
    retryTimer = setTimeout(act, RETRY_MS);
    return false;
  }

  // The server has it; `html` is the task that the page does not have yet, or that none is left.
  function taken(html) {
    tell("safe");
    if (isWaiting && (taskIn(html) || !queue().length)) {
      isWaiting = false;
      page.show(html, { counted: true });
      if (ahead && isHere(ahead.assignment)) ahead = null;
    } else if (!ahead) {
      ahead = taskIn(html);
    }
    page.submitted(lastJudgment);
  }

  function refused(row, problem) {
    const isLost = problem.code === "lease_lost" || problem.code === "not_found";
    if (isLost) forget(DRAFT + row.assignment);
    tell("safe");
    if (isWaiting && !isLost) {
      done.delete(row.assignment);
      isWaiting = false;
      complain(problem.detail);
    } else {
      const sentence = isLost ? words.lost : form.say(words.refused, { why: problem.detail });
      complain(sentence, isLost ? undefined : { href: location.href, text: words.load_again });
      if (isWaiting) { isWaiting = false; fetchNext(); }
    }
    return true;
  }

  // ---- the next task ----

  // An answer may have been on its way while the task in it was taken by another: not twice, then.
  function taskIn(html) {
    const found = new DOMParser().parseFromString(html, "text/html").querySelector("#sheet")?.dataset.assignment;
    return found && !isHere(found) ? { html, assignment: found } : null;
  }

  function isHere(uid) {
    return uid === assignment() || done.has(uid) || queue().some((row) => row.assignment === uid);
  }

  async function ask(holding) {
    const answer = await fetch(`${root.dataset.base}next/?holding=${holding.join()}`, { credentials: "same-origin" });
    return isSignedOut(answer) || !answer.ok ? null : answer.text();
  }

  async function prefetch() {
    if (ahead || isFetching || isSending || isWaiting || !assignment() || root.dataset.mode !== "judge") return;
    isFetching = true;
    try {
      const html = await ask([assignment(), ...queue().map((row) => row.assignment)]);
      if (html && !ahead) ahead = taskIn(html);
    } catch {
      // offline: the submit will ask again
    } finally {
      isFetching = false;
    }
  }

  async function fetchNext() {
    let html;
    try {
      html = await ask(queue().map((row) => row.assignment));
    } catch {
      complain(words.offline_next);
      addEventListener("online", () => location.reload(), { once: true });
      return;
    }
    if (html === null) { location.reload(); return; }
    page.show(html, { counted: false });
    prefetch();
  }

  // After a new sign-in the page's token is stale: take a fresh one, then send what waits.
  async function refresh() {
    try {
      const answer = await fetch(`${root.dataset.base}next/?holding=${[assignment(), ahead?.assignment].filter(Boolean).join()}`,
        { credentials: "same-origin" });
      if (isSignedOut(answer)) askToSignIn();
      if (isSignedOut(answer) || !answer.ok) return later("kept", refresh);
      const html = await answer.text();
      const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[name=csrfmiddlewaretoken]");
      for (const stale of root.querySelectorAll("[name=csrfmiddlewaretoken]")) if (fresh) stale.value = fresh.value;
      if (!ahead) ahead = taskIn(html);
      complain("");
      retryTimer = setTimeout(sendQueue, 0);
    } catch {
      return later("kept", refresh);
    }
    return false;
  }

  // ---- other acts ----

  async function act(name, more, whenDone) {
    const told = fields().filter(([key]) => NOT_KEPT.has(key));
    let answer;
    try {
      answer = await post(`${name}/`, [...told, ...Object.entries(more)]);
    } catch {
      complain(words.offline_act);
      return false;
    }
    if (isSignedOut(answer)) { askToSignIn(); return false; }
    if (!answer.ok && isProblem(answer)) {
      const problem = await answer.json();
      if (problem.code !== "lease_lost") { complain(problem.detail); return false; }
    }
    whenDone();
    return true;
  }

  const flag = (more) => act("flag", more, () => complain(words.flagged, undefined, "good"));
  const skip = (more) => act("skip", more, () => {
    forget(DRAFT + assignment());
    done.add(assignment());
    const html = takeAhead();
    if (!html) { fetchNext(); return; }
    page.show(html, { counted: false });
    prefetch();
  });

  async function keepLeases() {
    const held = [[assignment(), valueOf(fields(), "token")]];
    if (ahead) {
      const token = new DOMParser().parseFromString(ahead.html, "text/html").querySelector("#sheet [name=token]").value;
      held.push([ahead.assignment, token]);
    }
    try {
      for (const [uid, token] of held) {
        await fetch(`${root.dataset.heartbeat}${uid}/heartbeat`, {
          method: "POST", body: JSON.stringify({ token: Number(token) }), credentials: "same-origin",
          headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
        });
      }
      return true;
    } catch {
      return false; // offline: the next beat tries again
    }
  }

  const hasQueue = () => queue().length > 0;
  addEventListener("online", () => { sendQueue(); prefetch(); });
  addEventListener("focus", () => { if (hasQueue()) refresh(); });
  if (hasQueue()) retryTimer = setTimeout(sendQueue, 0);
  return { keep, restored, submit, skip, flag, keepLeases, prefetch, assignment, isBusy: () => isWaiting };
};
