// A form about a task that nobody holds: a revision, an extra judgment, a reviewer's fix, practice. What
// is typed stays in this browser until it is sent, and it is sent when somebody is there to take it.
"use strict";
// page: { root, words, form, store, net, drafts, complain, refill(fields), activeMs(), refresh(), changed(),
//   revised(judgment) }
globalThis.judgeAgain = (page) => {
  const { root, words, form, store, net, drafts, complain } = page;
  const HANDED_OVER_MS = 120_000; // what went with its page and did not come back arrived
  let given = "", isSending = false, waiting = null; // the form that waits for a new sign-in

  const isOpen = () => !["judge", undefined].includes(form.sheet()?.dataset.mode);
  const isKept = () => form.sheet()?.dataset.mode === "revise"; // of practice nothing is stored
  const isInPlace = () => root.dataset.mode === "judge";
  // A lead's form has one address for every task.
  const name = () => [form.sheet().getAttribute("action"), form.sheet().elements.task?.value].filter(Boolean).join("#");
  const text = () => drafts.textOf(drafts.fields());

  function keep({ safe = false } = {}) {
    if (!isKept()) return;
    store.keepDraft(name(), { fields: drafts.typed(), safe });
    page.changed();
  }

  // What was typed into this form before, in a page that was left, crashed or signed out.
  function restore() {
    if (!isKept()) return;
    given = text();
    const before = form.fields(), mine = store.newestDraft(name());
    if (!mine || drafts.textOf(mine.fields) === given) return;
    if (mine.safe && Date.now() - mine.at > HANDED_OVER_MS) { store.forgetDraft(name()); return; }
    page.refill(mine.fields);
    complain(words.unsent_back, { act: startAnew, text: words.start_anew }, "caution");

    function startAnew() {
      store.forgetDraft(name());
      page.refill(before);
      complain("");
      page.changed();
    }
  }

  // A judgment's form, for the judging page; null where it cannot be had, which has been said.
  async function open(judgment) {
    const answer = await net.reach(`${root.dataset.judgments}${judgment}/revise/`);
    const found = await net.meaning(answer);
    if (found.kind === "ok") return answer.text();
    if (found.kind !== "out") complain(found.detail ?? words.offline_act);
    return null;
  }

  async function send() {
    if (isSending) return;
    [isSending, waiting] = [true, null];
    const about = name();
    let found = await give();
    if (found.kind === "stale") found = (await page.refresh()) ? { kind: "cut" } : await give();
    isSending = found.kind === "leaving";
    if (["ok", "leaving"].includes(found.kind) || !isOpen() || name() !== about) return;
    if (found.kind === "out") waiting = about; else complain(found.detail ?? words.unsent);
  }

  async function give() {
    if (!isInPlace()) return leave();
    const about = name(), answer = await net.post(form.sheet().getAttribute("action"), drafts.fields());
    const found = await net.meaning(answer);
    if (found.kind !== "ok") return found;
    store.forgetDraft(about);
    page.revised(answer.headers.get("X-Judgment"), { isHere: isOpen() && name() === about });
    return found;
  }

  // A page of its own goes as a form does, and the next page says what became of it. First we ask for
  // the page once more: is the server there, is it still us, and which token is good now?
  async function leave() {
    const answer = await net.reach(location.href), found = await net.meaning(answer);
    const goesElsewhere = found.kind === "out" && answer.redirected && !net.isAtDoor(answer);
    if (found.kind !== "ok" && !goesElsewhere) return found; // elsewhere: it is too late, and the POST says why
    if (found.kind === "ok") net.read(await answer.text());
    const sheet = form.sheet();
    sheet.elements.csrfmiddlewaretoken.value = net.csrf();
    sheet.elements.active_ms.value = page.activeMs();
    keep({ safe: true }); // as far as we can know: the page goes with it
    HTMLFormElement.prototype.submit.call(sheet); // sheet.submit is the button
    return { kind: "leaving" };
  }

  return {
    keep: () => keep(), restore, open, send,
    isDirty: () => isKept() && text() !== given,
    isWaiting: () => waiting !== null,
    onBack: () => { if (waiting && isOpen() && name() === waiting) send(); },
  };
};
