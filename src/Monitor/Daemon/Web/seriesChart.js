// SPDX-License-Identifier: MIT
// A mechanism's cost over time: medians, their intervals as a band, and where something changed.
import { count, figure, interval, timeText } from "./dom.js";

const height = 300;
const font = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif";
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Draws a series in a box; what is below the pointer is told in the readout.
 * @param marks Where something changed: { time, isCost, number }.
 */
export function seriesChart(box, readout, points, marks) {
  const emulated = points[0].emulated ? ", emulated" : "";
  const isTrusted = points.map(point => point.complete && point.stable);
  const costs = points.map(point => point.coreCycles);
  const seconds = iso => new Date(iso).getTime() / 1000;
  const summary = readout.textContent;
  const axis = { stroke: () => colour("--soft"), font, labelFont: font, grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
  const invisible = { stroke: "transparent", width: 0, points: { show: false } };
  const chart = new uPlot({
    width: box.clientWidth,
    height,
    padding: [22, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 10, width: 2, show: (u, index) => index >= 3 } },
    scales: { x: { time: true, range: xRange }, y: { range: yRange } },
    axes: [
      { ...axis, size: 40, space: 70, values: (u, splits, index, space, step) => datesOf(splits, step) },
      { ...axis, label: `core cycles${emulated}`, labelSize: 18, size: (u, values) => 12 + 7 * Math.max(4, ...(values ?? []).map(value => value.length)) },
    ],
    series: [
      {},
      invisible,
      invisible,
      { stroke: () => colour("--accent"), width: 1.5, spanGaps: true, points: { show: points.length <= 300, size: 6, width: 1.5, stroke: () => colour("--accent"), fill: () => colour("--surface") } },
      { stroke: () => colour("--doubt"), width: 0, points: { show: true, size: 8, width: 1.5, stroke: () => colour("--doubt"), fill: () => colour("--surface") } },
    ],
    bands: [{ series: [1, 2], fill: () => colour("--half") }],
    hooks: { draw: [drawMarks], setCursor: [tell] },
  }, [
    points.map(point => seconds(point.time)),
    costs.map((cost, index) => (isTrusted[index] ? cost.high : null)),
    costs.map((cost, index) => (isTrusted[index] ? cost.low : null)),
    costs.map((cost, index) => (isTrusted[index] ? cost.value : null)),
    costs.map((cost, index) => (isTrusted[index] ? null : cost.value)),
  ], box);
  new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height })).observe(box);
  return chart;

  // Some air on both sides.
  function xRange() {
    const [least, most] = [seconds(points[0].time), seconds(points.at(-1).time)];
    const air = Math.max((most - least) * 0.02, 60);
    return [least - air, most + air];
  }

  function yRange() {
    const shown = costs.filter((_, index) => isTrusted[index]);
    const all = shown.length > 0 ? shown : costs;
    const [least, most] = [Math.min(...all.map(cost => cost.low)), Math.max(...all.map(cost => cost.high))];
    const air = most > least ? (most - least) * 0.08 : Math.max(Math.abs(most) * 0.01, 0.5);
    return [least - air, most + air];
  }

  function drawMarks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = `600 ${11 * devicePixelRatio}px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    let end = -Infinity;
    for (const { time, isCost, number } of marks.filter((mark, at) => mark.number !== marks[at + 1]?.number)) {
      const x = u.valToPos(seconds(time), "x", true);
      ctx.strokeStyle = ctx.fillStyle = colour(isCost ? "--estimate" : "--mode");
      ctx.lineWidth = 1.5 * devicePixelRatio;
      ctx.setLineDash(isCost ? [] : [5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();

      // Numbers that would lie on each other are left out; the table has them.
      const width = ctx.measureText(number).width;
      if (x - width / 2 < end) continue;
      ctx.fillText(number, x, bbox.top - 3 * devicePixelRatio);
      end = x + width / 2 + 3 * devicePixelRatio;
    }
    ctx.restore();
  }

  function tell(u) {
    const index = u.cursor.idx;
    if (index == null) {
      readout.textContent = summary;
      return;
    }
    const cost = costs[index];
    readout.textContent = `${timeText(points[index].time)}, job ${points[index].id}: ${figure(cost)} core cycles${interval(cost) ? ` (${interval(cost)})` : ""}${emulated}${isTrusted[index] ? "" : ", not to be trusted"}`;
  }
}

const day = 86_400;

/** What stands at an axis of time: the day or the hour, and below it the year or the day where that becomes another one. */
function datesOf(splits, step) {
  let shown = "";
  return splits.map(second => {
    const text = timeText(new Date(second * 1000));
    const [small, large] = step >= day ? [text.slice(5, 10), text.slice(0, 4)] : [text.slice(11), text.slice(0, 10)];
    const isNew = large !== shown;
    shown = large;
    return isNew ? `${small}\n${large}` : small;
  });
}

/** A series in a sentence. */
export function summaryOf(points) {
  const values = points.map(point => point.coreCycles);
  const [first, latest] = [values[0], values.at(-1)];
  return points.length === 1
    ? `One bench, of ${timeText(points[0].time)}`
    : `${count(points.length)} benches from ${timeText(points[0].time)} to ${timeText(points.at(-1).time)}: first ${figure(first)}, latest ${figure(latest)} core cycles${points[0].emulated ? ", emulated" : ""}`;
}

/** A series as a line of the size of a word, for a table. */
export function sparkline(points) {
  const [width, tall] = [120, 24];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${tall}`);
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("aria-hidden", "true");
  const values = points.map(point => point.coreCycles.value);
  const [least, most] = [Math.min(...values), Math.max(...values)];

  // A thousandth of the cost is no mountain.
  const range = Math.max(most - least, Math.abs(most) * 0.02, 1e-9);
  const middle = (most + least) / 2;
  const place = (value, index) => `${(3 + (values.length > 1 ? index / (values.length - 1) : 0.5) * (width - 6)).toFixed(1)},${(tall / 2 - (value - middle) / range * (tall - 6)).toFixed(1)}`;
  const line = document.createElementNS(svg.namespaceURI, "polyline");
  line.setAttribute("points", values.map(place).join(" "));
  const dot = document.createElementNS(svg.namespaceURI, "circle");
  const [x, y] = place(values.at(-1), values.length - 1).split(",");
  dot.setAttribute("cx", x);
  dot.setAttribute("cy", y);
  dot.setAttribute("r", "2.5");
  svg.append(line, dot);
  return svg;
}
