// The rubric beside its builder, as alive as on the annotator's page. Nothing of it is stored.
"use strict";
(() => {
  const root = document.getElementById("preview");
  let form;
  function begin() {
    const words = document.getElementById("words");
    if (!words) return; // not there yet
    form ??= globalThis.judgeForm(root, JSON.parse(words.textContent), () => {});
    form.begin();
  }
  document.documentElement.classList.add("has-script");
  root.addEventListener("htmx:afterSettle", begin);
  begin();
})();
