// The charts of a backtest: all of one detector, chosen from the list or from the table.

import { allFigures, makeFigures } from "../figure.js";

makeFigures();
const figures = allFigures();
const choice = document.getElementById("chart-detector");
const rows = [...document.querySelectorAll("tr[data-detector]")];

function show(detector) {
  choice.value = detector;
  for (const row of rows) {
    if (row.dataset.detector === detector) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  figures.forEach((figure) => figure.set({ detector }));
  const address = new URL(location.href);
  address.searchParams.set("detector", detector);
  history.replaceState(null, "", address);
}

choice.addEventListener("change", () => show(choice.value));
for (const row of rows) {
  row.querySelector("a").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(row.dataset.detector);
    document.getElementById("charts").scrollIntoView();
  });
}

// The height of the calendar of months follows from its years.
const months = figures.get("chart-months");
months.onLoad.push((data) => {
  months.picture.style.height = `${32 + 44 * Math.max(data.parts.rows?.length ?? 1, 2)}px`;
});
figures.forEach((figure) => figure.load());
