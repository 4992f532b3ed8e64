// The server from the annotator's page: requests that name whose work they carry, what their answers
// mean, and signing in again without leaving the page.
"use strict";
// page: { root, words, complain, changed() }
globalThis.judgeNet = ({ root, words, complain, changed }) => {
  const box = document.getElementById("sign-in-dialog");
  let csrf = root.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  let isCut = false, isSignedOut = false, asked = 0, askedBeforeCut = 0;
  let whenBack = () => {};

  // The answer; null when nobody answered, or nobody who knew what to say. A 500 is evalhub's own
  // fault: the same request may fail each time, and some want to know.
  async function reach(url, { takesFault = false, ...options } = {}) {
    const turn = ++asked;
    let answer = null;
    try {
      answer = await fetch(url, {
        credentials: "same-origin", ...options,
        headers: { "X-Requested-With": "judge", "X-Member": root.dataset.member, ...options.headers },
      });
    } catch {
      // no network, no server
    }
    const isAnswer = answer !== null && (answer.status < 500 || (takesFault && answer.status === 500));
    if (!isAnswer) [isCut, askedBeforeCut] = [true, asked];
    else if (turn > askedBeforeCut) isCut = false; // what was asked before the cut says nothing of now
    changed();
    return isAnswer ? answer : null;
  }

  const post = (url, fields, more = {}) => reach(url, {
    method: "POST", body: new URLSearchParams(fields), ...more, headers: { "X-CSRFToken": csrf },
  });

  const isAtDoor = (answer) => answer.redirected && new URL(answer.url).pathname === root.dataset.signIn;

  const isProblem = (answer) => /json/.test(answer.headers.get("Content-Type") ?? "");

  // What an answer means: ok, cut, fault (evalhub's), out (signed out), stale (the token is), or the
  // problem itself.
  async function meaning(answer) {
    if (!answer) return { kind: "cut" };
    if (answer.redirected || answer.status === 401) return askToSignIn(words.signed_out);
    if (answer.ok) { signedIn(); return { kind: "ok" }; }
    if (answer.status === 500) return { kind: "fault" };
    if (!isProblem(answer)) return { kind: answer.status === 403 ? "stale" : "cut" };
    const problem = await answer.json();
    // somebody else is signed in, perhaps somebody who may not even know of this campaign
    if (["somebody_else", "not_found", "forbidden", "csrf"].includes(problem.code)) {
      return problem.code === "csrf" ? { kind: "stale" } : askToSignIn(problem.detail);
    }
    return { kind: "problem", ...problem };
  }

  // A page that the server made: its token is the newest there is.
  function read(html) {
    const made = new DOMParser().parseFromString(html, "text/html");
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
    box.querySelector("[name=username]").select();
  }

  function say(sentence) {
    const place = box.querySelector("[role=alert]");
    [place.textContent, place.hidden] = [sentence, !sentence];
  }

  async function signIn(form) {
    const url = root.dataset.signIn, opened = await reach(url, { cache: "no-store" });
    if (!opened) return words.offline_act;
    const token = new DOMParser().parseFromString(await opened.text(), "text/html").querySelector("[name=csrfmiddlewaretoken]");
    const answer = await reach(url, {
      method: "POST", redirect: "manual", headers: { "X-CSRFToken": token?.value ?? "" },
      body: new URLSearchParams(new FormData(form)),
    });
    if (!answer) return words.offline_act;
    if (answer.type === "opaqueredirect") return whenBack();
    const wrong = new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("[role=alert] p, .errors li");
    return [...wrong].map((one) => one.textContent.trim()).join(" ") || words.signed_out;
  }

  box?.querySelector("form").addEventListener("submit", async (event) => {
    if (event.submitter?.value === "later") return; // closes the dialog
    event.preventDefault();
    const form = event.target;
    event.submitter.disabled = true;
    const wrong = await signIn(form);
    event.submitter.disabled = false;
    form.elements.password.value = "";
    say(wrong);
    if (wrong) form.elements.password.focus(); else box.close();
  });

  return {
    reach, post, meaning, read, isAtDoor,
    isCut: () => isCut || isSignedOut,
    csrf: () => csrf,
    onBack: (back) => { whenBack = back; },
  };
};
