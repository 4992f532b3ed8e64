// Passages: offsets into the raw text as ranges of the page, and ranges as what is lit. Every visible
// piece carries data-at, where it begins in the raw text in code points; a piece that is not literal
// (a formula, an entity) carries data-to as well and counts as a whole.
"use strict";
globalThis.passages = (() => {
  const length = (text) => { let n = 0; for (const _ of text) n++; return n; };
  const unit = (text, points) => { let at = 0; while (points-- > 0) at += text.codePointAt(at) > 0xffff ? 2 : 1; return at; };

  // Each text node of `holder` with the part of the raw text that it stands for.
  function* pieces(holder) {
    const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
    let piece = null, before = 0;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const owner = node.parentElement.closest("[data-at]");
      if (!owner || !holder.contains(owner)) continue;
      if (owner !== piece) [piece, before] = [owner, 0];
      const at = Number(owner.dataset.at), points = length(node.data);
      if (owner.dataset.to) yield { node, from: at, to: Number(owner.dataset.to), isWhole: true };
      else yield { node, from: at + before, to: at + before + points, isWhole: false };
      before += points;
    }
  }

  function rangesOf(holder, from, to) {
    const ranges = [];
    if (!holder) return ranges;
    for (const { node, from: a, to: b, isWhole } of pieces(holder)) {
      if (b <= from || a >= to) continue;
      const range = document.createRange();
      range.setStart(node, isWhole ? 0 : unit(node.data, Math.max(0, from - a)));
      range.setEnd(node, isWhole ? node.data.length : unit(node.data, Math.min(b, to) - a));
      ranges.push(range);
    }
    return ranges;
  }

  function paint(name, ranges) {
    if (globalThis.Highlight) CSS.highlights.set(`judge-${name}`, new Highlight(...ranges));
  }

  const textOf = (holder, from, to) => rangesOf(holder, from, to).map(String).join("");

  return { length, pieces, rangesOf, paint, textOf };
})();
