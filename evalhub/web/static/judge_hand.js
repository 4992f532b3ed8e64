// The tasks in hand: the one on the page and those fetched ahead, so that work goes on when the
// network is gone. They are kept alive together, and handed back when the page is left.
"use strict";
// page: { root, store, net }
globalThis.judgeHand = ({ root, store, net }) => {
  const SOON = 2, PAUSE_MS = 250, HAND = Number(root.dataset.hand ?? 1);
  const ahead = []; // { html, assignment, token, version }
  const done = new Set(); // assignments that the server has from this page, or another
  let isFetching = false, isAllOut = false, here = taskIn(root.innerHTML);

  function taskIn(html) {
    const sheet = net.read(html).getElementById("sheet");
    if (!sheet?.dataset.assignment) return null;
    return { html, assignment: sheet.dataset.assignment, token: sheet.querySelector("[name=token]").value, version: sheet.dataset.version };
  }

  const isHere = (uid) => uid === here?.assignment || done.has(uid)
    || [...ahead, ...store.queue()].some((one) => one.assignment === uid);

  // Everything that this page holds, or has said something about that is on its way.
  function held() {
    const uids = new Set([here, ...ahead, ...store.queue()].map((one) => one?.assignment));
    return [...uids].filter((uid) => uid && !done.has(uid));
  }

  // An answer may have been on its way while the task in it was taken by another: not twice, then.
  function put(html) {
    const task = taskIn(html);
    if (task && !isHere(task.assignment)) ahead.push(task);
    isAllOut = !task; // nothing is left, or the hand is full
    return task;
  }

  function take() {
    let next = ahead.shift();
    while (next && done.has(next.assignment)) next = ahead.shift();
    return next ?? null;
  }

  function drop(uid) {
    const at = ahead.findIndex((one) => one.assignment === uid);
    if (at >= 0) ahead.splice(at, 1);
  }

  // What comes next, as HTML; null when nobody answered.
  async function ask(without = "") {
    const holding = held().filter((uid) => uid !== without).join();
    const answer = await net.reach(`${root.dataset.base}next/?holding=${holding}`);
    const { kind } = await net.meaning(answer);
    return kind === "ok" ? answer.text() : null;
  }

  // Two at once, the others one by one while nothing else is going on.
  async function fill() {
    if (isFetching || isAllOut || net.isCut() || root.dataset.mode !== "judge" || !here || held().length >= HAND) return;
    isFetching = true;
    const html = await ask();
    isFetching = false;
    if (html === null) return;
    put(html);
    if (ahead.length < SOON) fill(); else setTimeout(() => (globalThis.requestIdleCallback ?? setTimeout)(fill), PAUSE_MS);
  }

  const tokens = (tasks) => tasks.map((one) => `${one.assignment}:${one.token}`).join();

  // Renew every lease; those of `lost` are somebody else's by now.
  async function keepAlive() {
    const queued = store.queue().map((row) => ({ ...row, token: row.fields.find(([name]) => name === "token")?.[1] }));
    const all = [here, ...ahead, ...queued].filter((one) => one?.token);
    const answer = await net.post(`${root.dataset.base}keep/`, [["held", tokens(all)]]);
    if ((await net.meaning(answer)).kind !== "ok") return null;
    const { lost } = await answer.json();
    lost.forEach(drop);
    isAllOut = false;
    fill();
    return lost;
  }

  // What is written about or waits to be sent stays; so does everything while another tab has it too.
  addEventListener("pagehide", () => {
    if (!ahead.length || !store.isAlone()) return;
    net.post(`${root.dataset.base}leave/`, [["held", tokens(ahead)]], { keepalive: true });
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  return {
    ahead, done, held, put, take, drop, ask, fill, keepAlive, taskIn, size: HAND,
    here: () => here,
    show: (task) => { here = task; },
    again: () => { isAllOut = false; },
  };
};
