// What this browser keeps: what is typed, and judgments that wait to be sent. Each page writes keys
// of its own, and each judgment waits under one of its own, so that two tabs write over nothing.
"use strict";
globalThis.judgeStore = (member) => {
  const QUEUE = `evalhub.queue.${member}.`, DRAFT = `evalhub.draft.${member}.`;
  const page = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36)).join("");
  const memory = new Map(); // holds what a full or forbidden localStorage refuses
  const others = new Set(); // this person's other pages in this browser
  const channel = new BroadcastChannel(`evalhub.${member}`);
  let listener = () => {};

  function read(key) {
    if (memory.has(key)) return memory.get(key);
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null; // forbidden, or not ours
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

  function keys(prefix) {
    let stored = [];
    try {
      stored = Object.keys(localStorage);
    } catch {
      // forbidden
    }
    return [...new Set([...stored, ...memory.keys()])].filter((key) => key.startsWith(prefix)).sort();
  }

  // ---- the queue: in the order of its keys, which begin with the time ----

  const queue = () => keys(QUEUE).map((key) => ({ ...read(key), key })).filter((row) => row.assignment);

  function enqueue(row) {
    const newest = Number(keys(QUEUE).at(-1)?.slice(QUEUE.length).split(".")[0] ?? 0);
    const key = `${QUEUE}${String(Math.max(Date.now(), newest + 1)).padStart(15, "0")}.${page}`;
    write(key, row);
    return key;
  }

  // ---- drafts: { fields, over, sent, safe, at } under the assignment and the page ----
  // `safe`: the server has it, so that signing out (signing_out.js) takes it away.

  const OLD_MS = 30 * 24 * 3_600_000;
  for (const key of keys(DRAFT)) if (!(read(key)?.at > Date.now() - OLD_MS)) forget(key);

  const keepDraft = (assignment, row) => write(`${DRAFT}${assignment}.${page}`, { ...row, at: Date.now() });

  function newestDraft(assignment) {
    const rows = keys(`${DRAFT}${assignment}.`).map(read).filter((row) => row?.fields);
    return rows.sort((one, other) => one.at - other.at).at(-1) ?? null;
  }

  // What another open tab typed is that tab's own; what a crashed one left was taken over.
  function forgetDraft(assignment) {
    const own = `${DRAFT}${assignment}.${page}`;
    for (const key of keys(`${DRAFT}${assignment}.`)) if (key === own || !others.size) forget(key);
  }

  // ---- this person's other tabs ----

  channel.addEventListener("message", ({ data }) => {
    if (data.kind === "bye") others.delete(data.page); else others.add(data.page);
    if (data.kind === "hello") tell("here");
    listener(data);
  });
  const tell = (kind, more) => channel.postMessage({ kind, page, ...more });
  tell("hello");
  addEventListener("pagehide", () => tell("bye"));

  // One tab sends at a time, or the order would be lost. Without TLS there are no locks: then the
  // server's own care for a submission that comes twice has to do.
  const locked = (work) => (navigator.locks ? navigator.locks.request(`evalhub.send.${member}`, work) : work());

  return {
    queue, enqueue, write, has: (key) => read(key) !== null, forget, keepDraft, newestDraft, forgetDraft, tell, locked,
    waiting: () => keys(QUEUE).length,
    isInTabOnly: () => memory.size > 0,
    isAlone: () => !others.size,
    onTold: (told) => { listener = told; },
  };
};
