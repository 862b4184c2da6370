// Draws <div data-chart='{"kind":"stacked", …}'>; views/ui has the fields. The
// numbers arrive as decimal strings: they become floating point for drawing
// only, and tooltips are written from the strings.
import { BarChart, LineChart, SankeyChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { brief, labelled as described, short, sum, written } from "./numbers.js";

use([BarChart, LineChart, SankeyChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const maxSeries = 7; // more colours than these nobody tells apart

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Custom properties keep light-dark(); only a computed colour is one of both.
function colour(name) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function palette() {
  const out = { font: css("--tblr-font-sans-serif") || "sans-serif" };
  for (const name of ["text", "muted", "line", "raised", "surface", "cost", "price", "margin"]) out[name] = colour(`--tb-${name}`);
  out.series = Array.from({ length: maxSeries }, (_, i) => colour(`--tb-series-${i + 1}`));
  return out;
}

const kindColour = (p, kind, otherwise) => (["cost", "price", "margin"].includes(kind) ? p[kind] : otherwise);

// ---- What all pictures share ----------------------------------------------------

function base(p, chart) {
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 250,
    aria: { enabled: true, label: { description: chart.title } },
    textStyle: { fontFamily: p.font, color: p.text, fontSize: 12 },
    tooltip: {
      renderMode: "richText", // HTML would need inline styles
      confine: true,
      backgroundColor: p.raised,
      borderColor: p.line,
      padding: [8, 10],
      textStyle: { color: p.text, fontFamily: p.font, fontSize: 12 },
    },
  };
}

function axes(p, chart, { right = 16, top = 12 } = {}) {
  return {
    grid: { left: 8, right, top, bottom: 8, containLabel: true },
    xAxis: {
      type: "category", data: chart.labels, axisTick: { show: false },
      axisLine: { lineStyle: { color: p.line } }, axisLabel: { color: p.muted, hideOverlap: true },
    },
    yAxis: {
      type: "value", splitNumber: 4, splitLine: { lineStyle: { color: p.line } },
      axisLabel: { color: p.muted, formatter: short },
    },
  };
}

// ---- Names -------------------------------------------------------------------------

const pen = document.createElement("canvas").getContext("2d");

// names writes text of a size: width measures it, fold breaks it into at most
// two lines that fit a width, shortening what does not.
function names(p, size) {
  const width = (text) => {
    pen.font = `${size}px ${p.font}`;
    return pen.measureText(text).width;
  };
  const shorten = (text, room) => {
    if (width(text) <= room) return text;
    let end = text.length - 1;
    while (end > 1 && width(`${text.slice(0, end)}…`) > room) end--;
    return `${text.slice(0, end).trimEnd()}…`;
  };
  const fold = (text, room) => {
    if (width(text) <= room) return text;
    const words = text.split(" ");
    let first = words.shift();
    while (words.length > 0 && width(`${first} ${words[0]}`) <= room) first += ` ${words.shift()}`;
    return [first, words.join(" ")].filter(Boolean).map((line) => shorten(line, room)).join("\n");
  };
  return { width, fold, widest: (texts) => Math.ceil(Math.max(0, ...texts.map(width))) };
}

// ---- Bars and lines over time -----------------------------------------------------

// Beyond seven series the smallest become one, «Other».
function fewer(series) {
  if (series.length <= maxSeries) return series;
  const size = (s) => s.values.reduce((total, v) => total + Math.abs(v), 0);
  const ranked = series.toSorted((a, b) => size(b) - size(a));
  const rest = ranked.slice(maxSeries - 1);
  const values = rest[0].values.map((_, i) => sum(rest.map((s) => s.values[i])));
  return [...ranked.slice(0, maxSeries - 1), { name: `Other (${rest.length})`, values, other: true }];
}

const seriesColour = (p, s, i) => kindColour(p, s.kind, s.other ? p.series[maxSeries - 1] : p.series[i % maxSeries]);

function overTime(p, chart, width) {
  const series = fewer(chart.series ?? []);
  const line = chart.kind === "line";
  const stacked = chart.kind === "stacked";
  const named = series.length > 1;
  const narrow = width < 480;
  const size = narrow ? 11 : 12;
  const { fold, widest } = names(p, size);
  const direct = named && (line || stacked) && (!narrow || series.length < 5); // else names would lie on each other
  const room = Math.min(widest(series.map((x) => x.name)) + 1, width * (narrow ? 0.3 : 0.25)); // beside the last value
  const margin = room + 24;
  const name = { show: direct, color: p.text, fontSize: size, lineHeight: size + 2, formatter: ({ seriesName }) => fold(seriesName, room) };
  const beside = { moveOverlap: "shiftY" };
  const kinds = {
    line: { type: "line", symbol: "circle", symbolSize: 5, lineStyle: { width: 2 }, endLabel: name, labelLayout: beside },
    stacked: { type: "bar", stack: "all", barMaxWidth: 44, itemStyle: { borderColor: p.surface, borderWidth: 0.5 }, labelLayout: beside },
    bars: { type: "bar", barMaxWidth: 36, itemStyle: { borderRadius: [2, 2, 0, 0] } },
  };
  const last = (chart.labels ?? []).length - 1;
  const labelled = (v, i) => (i === last ? { value: Number(v), label: { ...name, position: "right", distance: 8 } } : Number(v));
  return {
    ...base(p, chart),
    ...axes(p, chart, direct ? { right: margin } : { top: named ? 14 + 20 * rows(series.map((x) => widest([x.name])), width) : 12 }),
    legend: { show: named && !direct, top: 0, left: 0, padding: 0, itemGap: 8, itemWidth: 10, itemHeight: 10, icon: "roundRect", textStyle: { color: p.muted, fontSize: size, lineHeight: 12 } },
    tooltip: { ...base(p, chart).tooltip, trigger: "axis", axisPointer: { type: line ? "line" : "shadow" }, formatter: (rows) => atOnePlace(chart, series, rows, stacked) },
    series: series.map((s, i) => ({
      ...kinds[chart.kind],
      name: s.name,
      data: stacked ? s.values.map(labelled) : s.values.map(Number),
      color: seriesColour(p, s, i),
      emphasis: { focus: "series" },
    })),
  };
}

// rows is how many lines a legend with names of these widths has.
function rows(widths, width) {
  let [lines, used] = [1, 0];
  for (const w of widths.map((x) => x + 24)) { // with the mark and a gap
    if (used > 0 && used + w > width) [lines, used] = [lines + 1, 0];
    used += w;
  }
  return lines;
}

function atOnePlace(chart, series, rows, stacked) {
  const lines = rows
    .map(({ seriesIndex: s, dataIndex: i, marker }) => ({ name: `${marker} ${series[s].name}`, value: series[s].values[i] }))
    .filter(({ value }) => Number(value) !== 0);
  if (stacked) lines.reverse(); // as they lie
  const together = stacked && lines.length > 1 ? [`Together  ${written(sum(lines.map((l) => l.value)), chart.currency)}`] : [];
  return [rows[0].name, ...lines.map(({ name, value }) => `${name}  ${written(value, chart.currency)}`), ...together].join("\n");
}

// ---- Waterfall: how a price becomes a margin -----------------------------------------

// The first series holds a value a label: the first from the ground, the last
// the result, those between as changes from what stands before them.
function waterfall(p, chart) {
  const [{ values, kinds = [] }] = chart.series;
  const numbers = values.map(Number);
  const last = numbers.length - 1;
  let level = 0;
  const bars = numbers.map((value, i) => {
    const from = i === 0 || i === last ? 0 : level;
    const to = i === last ? value : from + value;
    level = to;
    const tone = kinds[i] ?? (i === last ? "margin" : i === 0 ? "price" : value < 0 ? "cost" : "price");
    return { from: Math.min(from, to), height: Math.abs(to - from), below: Math.min(from, to) < 0, tone, text: values[i] };
  });
  return {
    ...base(p, chart),
    ...axes(p, chart, { top: 28 }),
    tooltip: { ...base(p, chart).tooltip, trigger: "item", formatter: ({ name, dataIndex: i }) => `${name}\n${written(values[i], chart.currency)}` },
    series: [
      { type: "bar", stack: "all", silent: true, itemStyle: { color: "transparent" }, data: bars.map((b) => (b.below ? 0 : b.from)), tooltip: { show: false } },
      {
        type: "bar", stack: "all", barMaxWidth: 64,
        data: bars.map((b) => ({ value: b.below ? b.from : b.height, itemStyle: { color: kindColour(p, b.tone, p.series[6]), borderRadius: 2 } })),
        label: { show: true, position: "top", color: p.text, formatter: ({ dataIndex: i }) => brief(numbers[i]) },
      },
    ],
  };
}

// ---- Sankey: money through the tiers ---------------------------------------------------

function sankey(p, chart, width) {
  const nodes = chart.nodes ?? [];
  const tiers = [...new Set(nodes.map((n) => n.tier).filter(Boolean))];
  const shown = (name) => nodes.find((n) => n.name === name)?.label ?? name;
  const size = width < 560 ? 11 : 12;
  const { fold, widest } = names(p, size);
  const from = new Set((chart.links ?? []).map((l) => l.from));
  const ends = nodes.filter((n) => !from.has(n.name));
  const last = Math.min(widest(ends.map((n) => shown(n.name))) + 1, width * 0.3); // for names at the right
  const columns = tiers.filter((t) => t !== "own use").length;
  const room = (width - last - 24) / Math.max(1, columns - 1) - 20; // from a node to the next column
  return {
    ...base(p, chart),
    tooltip: {
      ...base(p, chart).tooltip,
      formatter: ({ dataType, data, name }) => (dataType === "edge"
        ? `${shown(data.source)} → ${shown(data.target)}\n${written(data.text, chart.currency)}`
        : `${shown(name)}\n${written(through(chart.links, name), chart.currency)}`),
    },
    series: [{
      type: "sankey", left: 4, right: last + 8, top: 12, bottom: 22, nodeWidth: 12, nodeGap: 16,
      draggable: false, emphasis: { focus: "adjacency" },
      data: nodes.map((n) => ({
        name: n.name,
        itemStyle: { color: kindColour(p, n.kind ?? n.tier, p.series[Math.max(0, tiers.indexOf(n.tier)) % maxSeries]), borderWidth: 0 },
      })),
      links: (chart.links ?? []).filter((l) => Number(l.value) > 0).map((l) => ({
        source: l.from, target: l.to, value: Number(l.value), text: l.value,
        lineStyle: { color: kindColour(p, l.kind, p.muted), opacity: 0.3 },
      })),
      label: {
        color: p.text, fontSize: size, lineHeight: size + 2,
        formatter: ({ name, value }) => `${fold(shown(name), from.has(name) ? room : last)}\n${brief(value)}`,
      },
      lineStyle: { curveness: 0.5 },
    }],
  };
}

// through is what flows through a node: the larger of what comes and goes.
function through(links, name) {
  const [out, come] = ["from", "to"].map((end) => sum(links.filter((l) => l[end] === name).map((l) => l.value)));
  return Number(out) > Number(come) ? out : come;
}

const options = { stacked: overTime, bars: overTime, line: overTime, waterfall, sankey };

// ---- On the page ----------------------------------------------------------------------------

const drawn = new Map(); // element → its picture and what it was drawn from

function draw(element) {
  const chart = JSON.parse(element.dataset.chart);
  const make = options[chart.kind];
  if (!make) return;
  const picture = drawn.get(element)?.picture ?? init(element, null, { renderer: "canvas" });
  picture.setOption(make(palette(), chart, element.clientWidth), true);
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", described(chart));
  drawn.set(element, { picture, width: element.clientWidth });
}

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
  const { picture, width } = drawn.get(target) ?? {};
  if (!picture || width === target.clientWidth) return;
  picture.resize();
  draw(target);
}));

// What lies below the fold waits until somebody scrolls there.
const seen = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach(({ target }) => {
  seen.unobserve(target);
  draw(target);
  sizes.observe(target);
}), { rootMargin: "200px" });

function find(within) {
  for (const [element, { picture }] of drawn) {
    if (element.isConnected) continue;
    picture.dispose();
    sizes.unobserve(element);
    drawn.delete(element);
  }
  if (within.matches?.("[data-chart]")) seen.observe(within);
  within.querySelectorAll("[data-chart]").forEach((element) => seen.observe(element));
}

find(document.body);
document.addEventListener("htmx:load", ({ target }) => find(target));
new MutationObserver(() => drawn.forEach((_, element) => element.isConnected && draw(element)))
  .observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
