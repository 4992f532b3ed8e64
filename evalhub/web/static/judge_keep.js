// What the annotator typed: kept in this browser at once, on the server a moment later. A judgment
// that cannot be sent waits in this browser's queue until it can; nothing is lost on the way.
"use strict";
// page: { root, sheet(), assignment(), bodyOf(form), tell(state), complain(sentence, link), begin() }
globalThis.judgeKeeper = (page) => {
  const { root, sheet, assignment, bodyOf, tell, complain } = page;
  const QUEUE = `evalhub.queue.${root.dataset.member}`;
  const DRAFT = `evalhub.draft.${root.dataset.member}.`;
  const SAVE_AFTER_MS = 800, RETRY_MS = 5_000;
  const KEPT_FIELDS = /^(rating|rank|correction)\.|^(critique|preference)$/;
  const memory = new Map(); // holds what a full or forbidden localStorage refuses
  let saveTimer = 0, retryTimer = 0, draftTurn = 0, isSending = false;

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

  function post(url, body) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    return fetch(url, {
      method: "POST", body: JSON.stringify(body), credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    });
  }

  function askToSignIn() {
    tell("kept");
    complain("You are signed out. Your work is kept in this browser and will be sent.",
      { href: root.dataset.signIn, text: "Sign in in a new tab" });
  }

  function keep() {
    const form = sheet();
    if (!form) return;
    const fields = [...new FormData(form)].filter(([name]) => KEPT_FIELDS.test(name));
    write(DRAFT + assignment(), fields);
    tell("saving");
    clearTimeout(saveTimer);
    saveTimer = setTimeout(saveDraft, SAVE_AFTER_MS);
  }

  async function saveDraft() {
    const form = sheet(), uid = assignment(), turn = ++draftTurn;
    if (!form || isSending) return;
    try {
      const answer = await post(`${root.dataset.api}${uid}/draft`, { body: bodyOf(form) });
      if (turn !== draftTurn || uid !== assignment()) return;
      if (answer.status === 401) askToSignIn();
      else tell(answer.ok ? "safe" : "kept");
    } catch {
      tell("kept"); // offline: it is in this browser, and goes with the submit
    }
  }

  function restore() {
    const form = sheet();
    for (const [name, value] of read(DRAFT + assignment(), [])) {
      const field = form.elements.namedItem(name);
      if (field) field.value = value;
    }
  }

  async function submit() {
    const form = sheet();
    if (!form || isSending) return;
    const queue = read(QUEUE, []).filter((row) => row.assignment !== assignment());
    write(QUEUE, [...queue, { assignment: assignment(), body: bodyOf(form) }]);
    await sendQueue();
  }

  // Oldest first; a row leaves the queue when the server has it, or has said why it never will.
  async function sendQueue() {
    if (isSending) return;
    isSending = true;
    clearTimeout(retryTimer);
    clearTimeout(saveTimer);
    try {
      for (const row of read(QUEUE, [])) if (!(await send(row))) break;
    } finally {
      isSending = false;
    }
  }

  async function send({ assignment: uid, body }) {
    const isShown = uid === assignment();
    tell("saving");
    let answer;
    try {
      answer = await post(`${root.dataset.api}${uid}/submit`, { ...body, claim_next: isShown, holding: [] });
    } catch {
      answer = null;
    }
    if (!answer || answer.status >= 500) {
      tell("kept");
      retryTimer = setTimeout(sendQueue, RETRY_MS);
      return false;
    }
    if (answer.status === 401) {
      askToSignIn();
      retryTimer = setTimeout(refresh, RETRY_MS);
      return false;
    }
    const problem = answer.ok ? null : await answer.json();
    if (problem && /csrf/i.test(problem.detail)) return refresh();
    write(QUEUE, read(QUEUE, []).filter((row) => row.assignment !== uid));
    if (isShown && problem && ![404, 409].includes(answer.status)) {
      tell("safe");
      complain(problem.detail);
      return true;
    }
    forget(DRAFT + uid);
    if (isShown) await showNext(problem?.detail);
    else tell("safe");
    return true;
  }

  // After a new sign-in the page's token is stale: take a fresh one, then send what waits.
  async function refresh() {
    try {
      const answer = await fetch(root.dataset.next, { credentials: "same-origin" });
      if (answer.redirected || !answer.ok) return askAgain();
      const made = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = made.querySelector("[name=csrfmiddlewaretoken]");
      const stale = document.querySelector("[name=csrfmiddlewaretoken]");
      if (fresh && stale) stale.value = fresh.value;
      complain("");
      isSending = false;
      retryTimer = setTimeout(sendQueue, 0);
    } catch {
      askAgain();
    }
    return false;
  }

  function askAgain() {
    retryTimer = setTimeout(refresh, RETRY_MS);
  }

  async function showNext(warning) {
    let answer;
    try {
      answer = await fetch(root.dataset.next, { credentials: "same-origin" });
    } catch {
      complain("That is safe on the server. The next task comes when you are online again.");
      addEventListener("online", () => location.reload(), { once: true });
      return;
    }
    if (answer.redirected || !answer.ok) { location.reload(); return; }
    root.innerHTML = await answer.text(); // our own template; what others wrote came through the sanitiser
    page.begin();
    if (warning) complain(warning);
    (document.getElementById("text") ?? document.getElementById("nothing")).focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  async function skip() {
    if (isSending || !sheet()) return;
    let answer;
    try {
      answer = await post(`${root.dataset.api}${assignment()}/skip`, { token: bodyOf(sheet()).token });
    } catch {
      complain("You are offline; skip again when you are back.");
      return;
    }
    if (answer.status === 401) { askToSignIn(); return; }
    forget(DRAFT + assignment());
    await showNext();
  }

  async function keepLease() {
    if (!sheet() || isSending) return true;
    try {
      await post(`${root.dataset.api}${assignment()}/heartbeat`, { token: bodyOf(sheet()).token });
      return true;
    } catch {
      return false; // offline: the next beat tries again
    }
  }

  const isWaiting = () => read(QUEUE, []).length > 0;
  addEventListener("online", sendQueue);
  addEventListener("focus", () => { if (isWaiting()) refresh(); });
  if (isWaiting()) retryTimer = setTimeout(sendQueue, 0);
  return { keep, restore, submit, skip, keepLease };
};
