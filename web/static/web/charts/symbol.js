// The page of a symbol: strip, bucket switch, slider over the slots, expirations of the smile, and refresh.

import { allFigures, makeFigures } from "./figure.js";
import { fillStrip, showState } from "./strip.js";

const REFRESH_MS = 60_000;
const page = document.querySelector("[data-symbol-page]");
const part = (name) => page.querySelector(`[data-page="${name}"]`);
const base = page.dataset.symbolPage;
const ofSlot = ["gamma", "profile", "smile"];
let slot = ""; // empty: the newest
let bucket = "all";
let slots = null;

makeFigures();
const figures = allFigures();
const figure = (name) => figures.get(`chart-${name}`);

async function get(name) {
  const answer = await fetch(`${base}${name}.json${slot && `?slot=${slot}`}`);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function showSummary() {
  const data = await get("summary");
  fillStrip(part("strip"), data.cells);
  showState(part("state"), data);
}

async function showSlots() {
  const data = await get("slots");
  if (data.empty) return;
  slots = data;
  const slider = part("slider");
  slider.max = String(data.rows.length - 1);
  slider.value = String(data.parts.shown);
  slider.disabled = false;
  part("track").replaceChildren(
    ...data.rows.map((row, n) => {
      const block = document.createElement("span");
      block.className = [data.parts.stored[n] ? "stored" : "", n === data.parts.shown ? "shown" : ""].join(" ");
      return block;
    })
  );
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * (data.rows.length - 1)));
  part("ticks").replaceChildren(
    ...ticks.map((n) => {
      const tick = document.createElement("span");
      tick.textContent = data.rows[n][1];
      return tick;
    })
  );
  sayslot(data.parts.shown);
  part("session").textContent = data.parts.session;
  part("live").setAttribute("aria-pressed", String(!slot));
  part("previous").disabled = before(data.parts.shown) === null && !data.parts.previous;
  part("next").disabled = !slot;
}

function sayslot(n) {
  const [, time] = slots.rows[n];
  part("slot-time").textContent = time;
  part("slider").setAttribute("aria-valuetext", `${time}, ${slots.cells[n][2]}`);
}

function before(n) {
  for (let place = n - 1; place >= 0; place -= 1) if (slots.parts.stored[place]) return place;
  return null;
}

function after(n) {
  for (let place = n + 1; place < slots.rows.length; place += 1) if (slots.parts.stored[place]) return place;
  return null;
}

async function choose(chosen) {
  slot = chosen === slots?.parts.newest ? "" : String(chosen);
  const shown = [showSlots(), showSummary(), ...ofSlot.map((name) => figure(name).set({ slot }))];
  await Promise.allSettled(shown);
}

function showBuckets(data) {
  for (const one of data.parts.buckets ?? []) {
    const button = part("buckets").querySelector(`[data-bucket="${one.name}"]`);
    button.querySelector(".net").textContent = one.text;
    button.setAttribute("aria-pressed", String(one.name === bucket));
  }
  const previous = page.querySelector('[data-query="mode=change"]');
  previous.textContent = data.parts.previous ? `Change since ${data.parts.previous}` : "Change";
}

function showConventions(data) {
  const rows = (data.parts.conventions ?? []).map((one) => {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = one.heading;
    row.append(name);
    for (const [text, number] of [[one.net_text, one.net], [one.flip_text, null], [one.distance_text, null]]) {
      const cell = row.insertCell();
      cell.className = `num ${number > 0 ? "positive" : number < 0 ? "negative" : ""}`;
      cell.textContent = text;
    }
    return row;
  });
  part("conventions").replaceChildren(...rows);
}

function showExpirations(data) {
  const chosen = new Set((data.parts.chosen ?? []).map((one) => one.name));
  const boxes = (data.parts.expirations ?? []).map((one) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.value = one.name;
    box.checked = chosen.has(one.name);
    label.append(box, ` ${one.label}, ${one.days} d`);
    return label;
  });
  const list = part("expirations");
  const focused = document.activeElement?.value;
  list.replaceChildren(...boxes);
  if (focused) list.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
}

part("buckets").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-bucket]");
  if (!button) return;
  bucket = button.dataset.bucket;
  for (const other of part("buckets").children) other.setAttribute("aria-pressed", String(other === button));
  figure("gamma").set({ bucket });
  figure("profile").set({ bucket });
});
part("slider").addEventListener("input", (event) => sayslot(Number(event.target.value)));
part("slider").addEventListener("change", (event) => {
  const n = Number(event.target.value);
  const stored = slots.parts.stored[n] ? n : before(n) ?? after(n);
  choose(slots.rows[stored][0]);
});
part("previous").addEventListener("click", () => {
  const n = before(slots.parts.shown);
  choose(n === null ? slots.parts.previous : slots.rows[n][0]);
});
part("next").addEventListener("click", () => {
  const n = after(slots.parts.shown);
  choose(n === null ? slots.parts.newest : slots.rows[n][0]);
});
part("live").addEventListener("click", () => choose(slots?.parts.newest));
part("expirations").addEventListener("change", (event) => {
  const boxes = [...part("expirations").querySelectorAll("input:checked")];
  if (boxes.length > 3) boxes.find((box) => box !== event.target).checked = false;
  const names = [...part("expirations").querySelectorAll("input:checked")].map((box) => box.value);
  figure("smile").set({ expirations: names.join(",") });
});
figure("gamma").onLoad.push(showBuckets);
figure("profile").onLoad.push(showConventions);
figure("smile").onLoad.push(showExpirations);

function refresh() {
  if (document.hidden) return;
  Promise.allSettled([showSummary(), showSlots(), ...[...figures.values()].map((one) => one.load())]);
}

refresh();
setInterval(refresh, REFRESH_MS);
document.addEventListener("visibilitychange", refresh);
