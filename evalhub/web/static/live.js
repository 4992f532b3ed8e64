// A part of a page that htmx brings anew stays as its reader has it: what they opened is open, what they
// scrolled stands where it stood, and the focus is where it was.
"use strict";
(() => {
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
  const page = () => document.getElementById("main");
  let before = null;

  // Elements by what they say, without figures, which change; those that say the same, by their order.
  function named(selector) {
    const seen = new Map();
    return new Map([...page().querySelectorAll(selector)].map((one) => {
      const words = one.getAttribute("aria-label") || one.name || one.textContent;
      const key = `${one.tagName} ${words.replace(/[\d.,\s]+/g, " ").trim()}`, nth = seen.get(key) ?? 0;
      seen.set(key, nth + 1);
      return [`${key} ${nth}`, one];
    }));
  }

  document.addEventListener("htmx:beforeSwap", () => {
    before = {
      open: [...named("details > summary")].map(([key, one]) => [key, one.parentElement.open]),
      scrolled: [...named("[role=region]")].map(([key, one]) => [key, one.scrollLeft, one.scrollTop]),
      focused: [...named(FOCUSABLE)].find(([, one]) => one === document.activeElement)?.[0],
    };
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (!before || !page()) return;
    const summaries = named("details > summary"), regions = named("[role=region]");
    for (const [key, isOpen] of before.open) {
      const now = summaries.get(key)?.parentElement;
      if (now && now.open !== isOpen) now.open = isOpen;
    }
    for (const [key, left, top] of before.scrolled) regions.get(key)?.scrollTo(left, top);
    if (document.activeElement === document.body) named(FOCUSABLE).get(before.focused)?.focus({ preventScroll: true });
  });
})();
