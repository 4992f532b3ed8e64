// A reviewer's page by keyboard: A accepts, X opens the form, R opens the field for the reason.
"use strict";
(() => {
  const box = document.getElementById("return");
  const reason = box?.querySelector("textarea");
  const ACTS = {
    a: () => document.getElementById("accept").click(),
    x: () => document.getElementById("fix").click(),
    r: () => { if (box) { box.open = true; reason.focus(); } },
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat) return;
    if (event.target === reason) {
      if (event.key === "Escape") reason.blur();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) reason.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    const act = ACTS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.documentElement.classList.add("has-script");
})();
