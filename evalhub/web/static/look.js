// A look back at a judgment: its passages lit in the text.
"use strict";
(() => {
  const text = document.getElementById("text");
  const { rangesOf, paint } = globalThis.passages;
  const holderOf = (label) => text.querySelector(`.rendered[data-response="${CSS.escape(label ?? "")}"]`);
  const spans = JSON.parse(document.getElementById("spans").textContent);
  document.documentElement.classList.add("has-script");
  paint("mark", spans.flatMap((span) => rangesOf(holderOf(span.response), span.start, span.end)));
})();
