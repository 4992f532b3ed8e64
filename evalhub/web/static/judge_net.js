// The server from the annotator's page: requests that name whose work they carry, what their answers
// mean, and signing in again without leaving the page.
"use strict";
// page: { root, words, complain, changed() }
globalThis.judgeNet = ({ root, words, complain, changed }) => {
  const box = document.getElementById("sign-in-dialog");
  let csrf = root.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const SLOW_MS = 2_500, PATIENCE_MS = 10_000, MOST_PATIENCE_MS = 80_000, SLOWEST_PER_MS = 2; // bytes
  let patience = PATIENCE_MS, slow = 0, isCut = false, isSignedOut = false, isBarred = false, asked = 0, askedBeforeCut = 0;
  let whenBack = () => {};

  // The answer; null when nobody answered, or nobody who knew what to say. A 500 is evalhub's own
  // fault: the same request may fail each time, and some want to know.
  async function reach(url, { takesFault = false, ...options } = {}) {
    const turn = ++asked;
    const answer = await asking(url, {
      credentials: "same-origin", ...options,
      headers: { "X-Requested-With": "judge", "X-Member": root.dataset.member, ...options.headers },
    });
    const isAnswer = answer !== null && (answer.status < 500 || (takesFault && answer.status === 500));
    if (!isAnswer) [isCut, askedBeforeCut] = [true, asked];
    else if (turn > askedBeforeCut) isCut = false; // what was asked before the cut says nothing of now
    changed();
    return isAnswer ? answer : null;
  }

  // A connection may swallow everything without a word. Long texts have longer, and after each that was
  // given up there is more time for the next: on a slow line they have to come through in the end.
  async function asking(url, options) {
    let isSlow = false;
    const signal = AbortSignal.timeout(patience + String(options.body ?? "").length / SLOWEST_PER_MS);
    const timer = setTimeout(() => { isSlow = true; slow++; changed(); }, SLOW_MS);
    try {
      const answer = await fetch(url, { signal, ...options }), body = await answer.text();
      patience = PATIENCE_MS;
      const { ok, status, type, redirected, headers } = answer;
      return { ok, status, type, redirected, headers, url: answer.url, text: () => body, json: () => JSON.parse(body) };
    } catch (error) {
      if (error.name === "TimeoutError") patience = Math.min(2 * patience, MOST_PATIENCE_MS);
      return null; // no network, no server
    } finally {
      clearTimeout(timer);
      if (isSlow) slow--;
    }
  }

  const post = (url, fields, more = {}) => reach(url, {
    method: "POST", body: new URLSearchParams(fields), ...more, headers: { "X-CSRFToken": csrf },
  });

  const isAtDoor = (answer) => answer.redirected && new URL(answer.url).pathname === root.dataset.signIn;

  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

  const isProblem = (answer) => /json/.test(answer.headers.get("Content-Type") ?? "");

  // What an answer means: ok, cut, fault (evalhub's), turned_away (by something before evalhub), out
  // (signed out), barred (may not judge here any more), stale (the token is), or the problem itself.
  async function meaning(answer) {
    if (!answer) return { kind: "cut" };
    if (answer.redirected || answer.status === 401) return askToSignIn(words.signed_out);
    if (answer.ok) { isBarred = false; signedIn(); return { kind: "ok" }; }
    if (answer.status === 500) return { kind: "fault" };
    if (!isProblem(answer)) return { kind: answer.status === 403 ? "stale" : "turned_away", status: answer.status };
    const problem = await answer.json();
    if (problem.code === "csrf") return { kind: "stale" };
    if (problem.code === "somebody_else") return askToSignIn(problem.detail);
    if (!["not_found", "forbidden"].includes(problem.code)) return { kind: "problem", ...problem };
    // somebody else is signed in, who may not even know of this campaign; or we, who have lost the role
    const door = await reach(root.dataset.signIn, { cache: "no-store" });
    if (!door) return { kind: "cut" };
    if (whoIsIn(await door.text()) !== root.dataset.user) return askToSignIn(problem.detail);
    isBarred = true;
    signedIn();
    return { kind: "barred", detail: words.barred.replace("{why}", problem.detail) };
  }

  const whoIsIn = (html) => parsed(html).querySelector("[data-signed-in]")?.dataset.signedIn;

  // A page that the server made: its token is the newest there is.
  function read(html) {
    const made = parsed(html);
    csrf = made.querySelector("[name=csrfmiddlewaretoken]")?.value ?? csrf;
    return made;
  }

  // ---- signing in again, in place ----

  function askToSignIn(sentence) {
    const isSaid = isSignedOut && document.getElementById("problem")?.hidden === false;
    if (!isSaid) complain(sentence, { act: openSignIn, text: words.sign_in }, "caution");
    isSignedOut = true;
    changed();
    return { kind: "out", detail: sentence };
  }

  function signedIn() {
    if (!isSignedOut) return;
    isSignedOut = false;
    complain("");
    if (box?.open) box.close();
  }

  function openSignIn() {
    if (!box.open) box.showModal();
    say("");
    box.querySelector("[name=username], a").focus();
  }

  function say(sentence) {
    const place = box.querySelector("[role=alert]");
    [place.textContent, place.hidden] = [sentence, !sentence];
  }

  async function signIn(told) {
    const url = root.dataset.signIn, opened = await reach(url, { cache: "no-store" });
    if (!opened) return words.offline_act;
    const token = parsed(await opened.text()).querySelector("[name=csrfmiddlewaretoken]");
    const answer = await reach(url, {
      method: "POST", redirect: "manual", headers: { "X-CSRFToken": token?.value ?? "" },
      body: told,
    });
    if (!answer) return words.offline_act;
    if (answer.type === "opaqueredirect") return whenBack();
    const wrong = parsed(await answer.text()).querySelectorAll("[role=alert] p, .errors li");
    return [...wrong].map((one) => one.textContent.trim()).join(" ") || words.signed_out;
  }

  box?.querySelector("form").addEventListener("submit", async (event) => {
    if (event.submitter?.value === "later") return; // closes the dialog
    event.preventDefault();
    const form = event.target, told = new URLSearchParams(new FormData(form));
    form.elements.password.value = ""; // now: what is typed while we wait is meant for the next try
    event.submitter.disabled = true;
    const wrong = await signIn(told);
    event.submitter.disabled = false;
    say(wrong);
    if (wrong) form.elements.password.focus(); else box.close();
  });

  return {
    reach, post, meaning, read, isAtDoor,
    isCut: () => isCut || isSignedOut,
    isSignedOut: () => isSignedOut,
    isSlow: () => slow > 0,
    isBarred: () => isBarred,
    csrf: () => csrf,
    onBack: (back) => { whenBack = back; },
  };
};
