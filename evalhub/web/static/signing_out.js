// Signing out leaves nothing in this browser that the server has. What it does not have yet stays, and is
// told before. judge_store.js writes these keys.
"use strict";
(() => {
  const KEPT = /^evalhub\.(draft|queue)\./;

  // What is kept here, or nothing where storage is forbidden.
  function kept() {
    try {
      return Object.keys(localStorage).filter((key) => KEPT.test(key));
    } catch {
      return [];
    }
  }

  function isSafe(key) {
    try {
      return JSON.parse(localStorage.getItem(key)).safe === true;
    } catch {
      return false; // not ours
    }
  }

  document.addEventListener("submit", (event) => {
    const { unsent } = event.target.dataset;
    if (!unsent) return;
    kept().filter(isSafe).forEach((key) => localStorage.removeItem(key));
    if (kept().length && !confirm(unsent)) event.preventDefault();
  });
})();
