// Draws each figure.plot from the JSON in it, by plotly. The tables beside say the same, so a chart takes no
// focus and no clicks. Its few style rules are in app.css: the policy refuses a style element.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
  const SYMBOLS = ["circle", "square", "diamond", "cross", "triangle-up"];
  const PALETTE = ["accent", "caution", "good", "bad", "info", "ink-soft"];

  const colours = () => {
    const probe = document.body.appendChild(document.createElement("i"));
    const found = {};
    for (const name of [...PALETTE, "ink", "line", "paper", "accent-ground"]) {
      probe.style.color = `var(--${name})`;
      found[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    return found;
  };

  // One interval a line, the first on top.
  const intervals = (chart, ink) => {
    const rows = chart.rows.filter((row) => row.value !== null);
    const reach = (row, side) => (row[side] === null ? 0 : Math.abs(row[side] - row.value));
    return {
      traces: [{
        type: "scatter", mode: "markers", marker: { color: ink.accent, size: 9 },
        x: rows.map((row) => row.value), y: rows.map((_, nth) => nth),
        error_x: { type: "data", symmetric: false, color: ink.accent, thickness: 2, width: 5,
          array: rows.map((row) => reach(row, "high")), arrayminus: rows.map((row) => reach(row, "low")) },
      }],
      layout: {
        height: 70 + 30 * rows.length,
        xaxis: { title: { text: chart.axis }, zeroline: chart.line === 0 },
        yaxis: { autorange: "reversed", tickvals: rows.map((_, nth) => nth), ticktext: rows.map((row) => row.label), showgrid: false, zeroline: false },
        shapes: chart.line ? [{ type: "line", yref: "paper", y0: 0, y1: 1, x0: chart.line, x1: chart.line, line: { color: ink.ink, width: 1, dash: "dash" } }] : [],
      },
    };
  };

  // One line a name over time, told apart by dash and mark as well as by colour.
  const series = (chart, ink) => ({
    traces: chart.series.map((one, nth) => {
      const colour = ink[PALETTE[nth % PALETTE.length]];
      const reach = (side) => one.points.map((point) => (point[side] === null ? 0 : Math.abs(point[side] - point.value)));
      return {
        type: "scatter", mode: one.mode ?? "lines+markers", name: one.name,
        x: one.points.map((point) => point.label), y: one.points.map((point) => point.value),
        line: { color: colour, dash: DASHES[nth % DASHES.length] },
        marker: { color: colour, symbol: SYMBOLS[nth % SYMBOLS.length], size: 8 },
        error_y: { type: "data", symmetric: false, color: colour, thickness: 1, width: 3, array: reach("high"), arrayminus: reach("low") },
      };
    }),
    layout: { height: 320, showlegend: chart.series.length > 1, legend: { orientation: "h", y: -0.25 },
      xaxis: { type: "category", showgrid: false, categoryorder: "array", categoryarray: chart.labels }, yaxis: { title: { text: chart.axis } } },
  });

  // Rows against columns, 0 to 1; each cell says its value.
  const heat = (chart, ink) => ({
    traces: [{
      type: "heatmap", x: chart.names, y: chart.names, z: chart.values, zmin: 0, zmax: 1, showscale: false, xgap: 2, ygap: 2,
      colorscale: [[0, ink["accent-ground"]], [1, ink.accent]], hoverongaps: false,
    }],
    layout: {
      height: 110 + 40 * chart.names.length,
      xaxis: { showgrid: false, type: "category" }, yaxis: { autorange: "reversed", showgrid: false, type: "category" },
      annotations: chart.values.flatMap((row, y) => row.map((value, x) => value === null ? null : ({
        x: chart.names[x], y: chart.names[y], text: `${Math.round(100 * value)} %`, showarrow: false,
        font: { color: value > 0.6 ? ink.paper : ink.ink },
      }))).filter(Boolean),
    },
  });

  // A line a try across even axes; the better, the stronger, and the best in the accent.
  const parallel = (chart, ink) => {
    const names = chart.axes.map((axis) => axis.name);
    const strong = (rank) => (rank === 1 ? ink.accent : ink["ink-soft"]);
    return {
      traces: chart.lines.map((line, nth) => ({
        type: "scatter", mode: "lines+markers", name: line.name, x: names, y: chart.axes.map((axis) => axis.places[nth]),
        opacity: 0.25 + 0.75 * line.rank, line: { color: strong(line.rank), width: line.rank === 1 ? 4 : 1.5 },
        marker: { color: strong(line.rank), size: line.rank === 1 ? 9 : 5 },
      })),
      layout: {
        height: 340, xaxis: { type: "category", showgrid: true, side: "top" }, yaxis: { visible: false, range: [-0.1, 1.1] },
        annotations: chart.axes.flatMap((axis) => axis.ticks.map((tick) => ({
          x: axis.name, y: tick.at, text: tick.label, showarrow: false, xanchor: "left", xshift: 8, bgcolor: ink.paper, font: { color: ink.ink, size: 12 },
        }))),
      },
    };
  };

  const KINDS = { intervals, series, heat, parallel };

  const draw = (figure) => {
    const chart = JSON.parse(figure.querySelector("script").textContent);
    const ink = colours();
    const { traces, layout } = KINDS[chart.kind](chart, ink);
    const axis = { gridcolor: ink.line, zerolinecolor: ink.ink, linecolor: ink.line, automargin: true, fixedrange: true };
    const area = figure.querySelector(".plot-area");
    figure.classList.add("drawn");
    area.style.height = `${layout.height}px`; // plotly follows its place, not the other way round
    Plotly.react(area, traces, {
      ...layout, autosize: !area.style.width, width: area.style.width ? area.clientWidth : undefined, xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis },
      font: { family: "system-ui, sans-serif", size: 13, color: ink.ink }, margin: { l: 8, r: 16, t: 8, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: layout.showlegend ?? false,
    }, { staticPlot: true, responsive: true });
  };

  const widen = (width) => document.querySelectorAll(".plot-area").forEach((area) => { area.style.width = width; });
  const drawAll = () => document.querySelectorAll("figure.plot").forEach(draw);
  addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSwap", drawAll);
  document.addEventListener("toggle", (event) => event.target.querySelectorAll?.("figure.plot").forEach(draw), true);
  dark.addEventListener("change", drawAll);
  const folded = [];
  addEventListener("beforeprint", () => {
    folded.push(...document.querySelectorAll("details:not([open])"));
    for (const details of folded) details.open = true;
    document.documentElement.style.colorScheme = "light";
    widen("38rem"); // what A4 has room for
    drawAll();
  });
  addEventListener("afterprint", () => {
    for (const details of folded.splice(0)) details.open = false;
    document.documentElement.style.colorScheme = "";
    widen("");
    drawAll();
  });
})();
