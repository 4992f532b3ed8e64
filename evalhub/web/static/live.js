// A part of a page that htmx brings anew stays as its reader has it: what they opened is open, what they
// scrolled stands where it stood, and the focus is where it was.
"use strict";
(() => {
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
  let before = null;

  // Elements by what they say, and by that without figures, which change; those that say the same, by order.
  function named(part, selector) {
    const seen = new Map(), found = { exact: new Map(), loose: new Map(), all: [] };
    const count = (key) => { const nth = seen.get(key) ?? 0; seen.set(key, nth + 1); return `${key} ${nth}`; };
    for (const one of part.querySelectorAll(selector)) {
      const words = one.id || one.getAttribute("href") || one.getAttribute("aria-label") || one.name || one.textContent.trim();
      const exact = count(`${one.tagName} ${words}`), loose = count(`${one.tagName} ~ ${words.replace(/[\d.,\s]+/g, " ")}`);
      found.exact.set(exact, one);
      found.loose.set(loose, one);
      found.all.push({ one, exact, loose });
    }
    return found;
  }

  const again = (found, { exact, loose }) => found.exact.get(exact) ?? found.loose.get(loose);

  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    before = {
      id: target.id,
      open: named(target, "details > summary").all.map((each) => ({ ...each, isOpen: each.one.parentElement.open })),
      scrolled: named(target, "[role=region]").all.map((each) => ({ ...each, left: each.one.scrollLeft, top: each.one.scrollTop })),
      focused: named(target, FOCUSABLE).all.find(({ one }) => one === document.activeElement),
    };
  });

  document.addEventListener("htmx:afterSwap", () => {
    const part = before?.id && document.getElementById(before.id);
    if (!part) return;
    const summaries = named(part, "details > summary"), regions = named(part, "[role=region]");
    for (const each of before.open) {
      const now = again(summaries, each)?.parentElement;
      if (now && now.open !== each.isOpen) now.open = each.isOpen;
    }
    for (const each of before.scrolled) again(regions, each)?.scrollTo(each.left, each.top);
    if (before.focused && document.activeElement === document.body) {
      again(named(part, FOCUSABLE), before.focused)?.focus({ preventScroll: true });
    }
  });
})();
