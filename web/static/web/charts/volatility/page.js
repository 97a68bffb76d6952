// The volatility page of a symbol: strip, watch list, expiration of the smile, quality of fits, and refresh.

import { allFigures, makeFigures } from "../figure.js";
import { fillStrip, showState } from "../strip.js";

const REFRESH_MS = 60_000;
const page = document.querySelector("[data-volatility-page]");
const part = (name) => page.querySelector(`[data-page="${name}"]`);
const [NAME, DAYS, ATM, RMSE, QUOTES, CHECK] = [0, 1, 2, 5, 7, 10];

makeFigures();
const figures = allFigures();
const figure = (name) => figures.get(`chart-${name}`);
let chosen = null;

async function showSummary() {
  const answer = await fetch(`${page.dataset.volatilityPage}volatility.json`);
  if (!answer.ok) throw new Error(String(answer.status));
  const data = await answer.json();
  fillStrip(part("strip"), data.cells);
  showState(part("state"), data);
  part("watch").replaceChildren(...data.parts.watch.map(watched));
}

function watched(one) {
  const item = document.createElement("li");
  const name = document.createElement("strong");
  name.textContent = one.name;
  const badge = document.createElement("span");
  badge.className = `badge ${one.attention ? "warn" : ""}`;
  badge.textContent = one.word;
  const text = document.createElement("span");
  text.className = "secondary";
  text.textContent = `${one.text.replace(/\.$/, "")}.`;
  item.append(name, badge, text);
  return item;
}

function showSurface(data) {
  part("slot").textContent = data.notes.at(-1)?.replace(/\.$/, "") ?? "";
  const button = page.querySelector('[data-query="mode=change"]');
  button.textContent = data.parts.before ? `Change since ${data.parts.before}` : "Change";
  button.disabled = !data.parts.before;
  const percentile = page.querySelector('[data-query="mode=percentile"]');
  const counts = data.parts.sessions;
  percentile.textContent = counts ? `Percentile, n = ${[...new Set(counts)].join("–")}` : "Percentile";
  percentile.disabled = !counts;
  percentile.title = counts ? "Share of the stored sessions of a year in which the point was lower" : "Needs 20 stored sessions";
}

function showExpirations(data) {
  chosen = data.parts.chosen;
  const options = (data.parts.expirations ?? []).map((one) => new Option(one.label, one.name, false, one.name === chosen));
  part("expiration").replaceChildren(...options);
  markChosen();
}

function showQuality(data) {
  const rows = data.cells.map((cells, n) => {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = cells[NAME];
    row.append(name);
    for (const column of [DAYS, ATM, RMSE, QUOTES]) {
      const cell = row.insertCell();
      cell.className = "num";
      cell.textContent = column === ATM && data.rows[n][ATM] === null ? "–" : cells[column];
    }
    const badge = document.createElement("span");
    badge.className = `badge ${cells[CHECK] === "GOOD" ? "good" : "warn"}`;
    badge.textContent = cells[CHECK];
    row.insertCell().append(badge);
    return row;
  });
  part("quality").replaceChildren(...rows);
  markChosen();
}

function markChosen() {
  const label = part("expiration").selectedOptions[0]?.text;
  for (const row of part("quality").rows) {
    if (row.cells[0].textContent === label) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

part("expiration").addEventListener("change", (event) => figure("fit").set({ expiration: event.target.value }));
figure("surface").onLoad.push(showSurface);
figure("fit").onLoad.push(showExpirations);
figure("term").onLoad.push(showQuality);

function refresh() {
  if (document.hidden) return;
  Promise.allSettled([showSummary(), ...[...figures.values()].map((one) => one.load())]);
}

refresh();
setInterval(refresh, REFRESH_MS);
document.addEventListener("visibilitychange", refresh);
