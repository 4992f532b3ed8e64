// One box ticks all rows of the page.
"use strict";
(() => {
  const all = document.getElementById("tick-all");
  document.documentElement.classList.add("has-script");
  all?.addEventListener("change", () => {
    for (const box of document.querySelectorAll("input[name=rows]")) box.checked = all.checked;
  });
})();
