/* SPDX-License-Identifier: MIT */
"use strict";
(() => {
  const bench = JSON.parse(document.getElementById("bench").textContent);
  const charts = [...document.querySelectorAll(".plot")].map(box =>
    distributionChart(box, box.nextElementSibling, bench.results[box.dataset.result].coreCycles, +box.dataset.decimals));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(chart => chart.redraw()));
})();
