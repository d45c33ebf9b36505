/* SPDX-License-Identifier: MIT */
"use strict";
// Where a cost's sessions and pairs lie: a chart in a box, by uPlot. What is below the pointer is told in the readout.
const distributionChart = (() => {
  const root = getComputedStyle(document.documentElement);
  const colour = name => root.getPropertyValue(name).trim();
  const font = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif";
  const height = 226;

  // Everything that a chart shows has room on its axis, and some air around it.
  function rangeOf(cost) {
    const all = cost.distribution;
    const values = [...cost.sessions, cost.low, cost.high, all.percentile5, all.percentile95, ...all.modes];
    const low = Math.min(...values), high = Math.max(...values);
    const air = high > low ? (high - low) * 0.07 : Math.max(Math.abs(high) * 0.01, 0.5);
    return [low - air, high + air];
  }

  // As many as a step of the axis has.
  function decimalsOf(step) {
    let decimals = 0;
    while (decimals < 9 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;
    return decimals;
  }

  function band(u, low, high, name) {
    const { ctx, bbox } = u;
    const top = u.valToPos(high, "y", true), bottom = u.valToPos(low, "y", true);
    ctx.fillStyle = colour(name);
    ctx.fillRect(bbox.left, top, bbox.width, Math.max(bottom - top, devicePixelRatio));
  }

  function line(u, value, name, width, dashes) {
    const { ctx, bbox } = u;
    const y = u.valToPos(value, "y", true);
    ctx.strokeStyle = colour(name);
    ctx.lineWidth = width * devicePixelRatio;
    ctx.setLineDash(dashes.map(dash => dash * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  // At the right edge, where no session is.
  function interval(u, low, high, name) {
    const { ctx, bbox } = u;
    const x = bbox.left + bbox.width - 9 * devicePixelRatio, cap = 4 * devicePixelRatio;
    const top = u.valToPos(high, "y", true), bottom = u.valToPos(low, "y", true);
    ctx.strokeStyle = colour(name);
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.beginPath();
    for (const [x1, y1, x2, y2] of [[x, top, x, bottom], [x - cap, top, x + cap, top], [x - cap, bottom, x + cap, bottom]]) {
      ctx.moveTo(x1, y1);
      ctx.lineTo(x2, y2);
    }
    ctx.stroke();
  }

  return function (box, readout, cost, decimals) {
    const all = cost.distribution;
    const count = cost.sessions.length;
    const mark = cost.emulated ? ", emulated" : "";
    const summary = readout.textContent;
    const axis = { stroke: () => colour("--soft"), font, labelFont: font, grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
    const options = {
      width: box.clientWidth,
      height,
      padding: [10, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 11, width: 2 } },
      scales: { x: { time: false, range: [0.5, count + 0.5 + count * 0.05] }, y: { range: rangeOf(cost) } },
      axes: [
        { ...axis, label: "session, in the order of measurement", labelSize: 20, size: 26, grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
        {
          ...axis,
          label: "core cycles" + mark,
          labelSize: 18,
          size: (u, values) => 12 + 7 * Math.max(4, ...(values || []).map(value => value.length)),
          values: (u, splits, index, space, step) => splits.map(value => value.toFixed(decimalsOf(step))),
        },
      ],
      series: [
        {},
        { stroke: () => colour("--accent"), width: 1, points: { show: true, size: 9, width: 2, stroke: () => colour("--accent"), fill: () => colour("--surface") } },
      ],
      hooks: {
        drawAxes: [u => {
          u.ctx.save();
          band(u, all.percentile5, all.percentile95, "--most");
          band(u, all.percentile25, all.percentile75, "--half");
          all.modes.forEach(mode => line(u, mode, "--mode", 1.5, [6, 4]));
          line(u, cost.value, "--estimate", 2, []);
          if (cost.coverage > 0) interval(u, cost.low, cost.high, "--estimate");
          u.ctx.restore();
        }],
        setCursor: [u => {
          const index = u.cursor.idx;
          readout.textContent = index == null ? summary : `session ${index + 1}: ${cost.sessions[index].toFixed(decimals)} core cycles${mark}`;
        }],
      },
    };
    const chart = new uPlot(options, [cost.sessions.map((_, index) => index + 1), cost.sessions], box);
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height })).observe(box);
    return chart;
  };
})();
