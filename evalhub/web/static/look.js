// A look back at a judgment: its passages lit in the text, and the veil lifted when asked for.
"use strict";
(() => {
  const text = document.getElementById("text"), button = document.getElementById("reveal");
  const { rangesOf, paint } = globalThis.passages;
  const holderOf = (label) => text.querySelector(`.rendered[data-response="${CSS.escape(label ?? "")}"]`);
  const spans = JSON.parse(document.getElementById("spans").textContent);
  const words = JSON.parse(document.getElementById("words").textContent);
  document.documentElement.classList.add("has-script");
  paint("mark", spans.flatMap((span) => rangesOf(holderOf(span.response), span.start, span.end)));
  button?.addEventListener("click", () => {
    const isShown = text.classList.toggle("revealed");
    button.setAttribute("aria-pressed", String(isShown));
    button.firstChild.textContent = `${isShown ? words.hide : words.show} `;
  });
})();
