// A figure of the page: its document, picture, table, buttons and cursor. One ECharts instance for its whole life.

import { addCursor } from "./cursor.js";
import { kinds } from "./kinds.js";
import { fillTable, savePng, sentenceOf, spoken, tooltip } from "./numbers.js";
import { base, colours, onThemeChange } from "./theme.js";

const figures = new Map();
const NARROW = 520; // px of the picture

/** Return the figures of the page by their element's id. */
export function allFigures() {
  return figures;
}

/** Make every figure under `root` that has a document. */
export function makeFigures(root = document) {
  for (const element of root.querySelectorAll("figure[data-document]")) {
    if (!figures.has(element.id)) figures.set(element.id, new Figure(element));
  }
}

onThemeChange(() => figures.forEach((figure) => figure.draw()));

new MutationObserver(() => {
  for (const [id, figure] of figures) {
    if (!figure.element.isConnected) {
      figure.dispose();
      figures.delete(id);
    }
  }
}).observe(document.body, { childList: true, subtree: true });

class Figure {
  constructor(element) {
    this.element = element;
    this.find = (name) => element.querySelector(`[data-part="${name}"]`);
    this.picture = this.find("picture");
    this.query = new URLSearchParams(element.dataset.query);
    this.mode = null;
    this.data = null;
    this.tag = null;
    this.chart = null;
    this.onLoad = [];
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(this.picture);
    addCursor(element, this);
    this.find("numbers-button").addEventListener("click", () => this.toggleNumbers());
    this.find("png").addEventListener("click", () => this.chart && savePng(this.chart, this.data, colours(), this.mode));
    for (const button of element.querySelectorAll("button[data-query]")) {
      button.addEventListener("click", () => this.choose(button));
    }
  }

  /** Set values of the address and load the document; an empty value removes its name. */
  set(values) {
    for (const [name, value] of Object.entries(values)) {
      if (value === "" || value === null || value === undefined) this.query.delete(name);
      else this.query.set(name, value);
    }
    return this.load();
  }

  /** Load the document; draw only if it has changed. The last request that was started wins. */
  async load() {
    const address = `${this.element.dataset.document}.json${this.query.size ? "?" : ""}${this.query}`;
    this.find("csv").href = `${this.element.dataset.document}.csv${this.query.size ? "?" : ""}${this.query}`;
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    let answer;
    try {
      answer = await fetch(address, { signal: request.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      if (answer.headers.get("ETag") === this.tag && this.address === address) return;
      this.data = await answer.json();
      this.tag = answer.headers.get("ETag");
      this.address = address;
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error.message);
      return;
    }
    this.describe();
    this.draw();
    for (const listener of this.onLoad) listener(this.data);
  }

  fail(reason) {
    this.tag = null;
    this.badge("warn", "NOT UPDATED");
    if (!this.data) this.find("sentence").textContent = `The data could not be loaded: ${reason}.`;
  }

  describe() {
    const { data } = this;
    this.find("unit").textContent = data.unit;
    this.find("sentence").textContent = [sentenceOf(data, this.mode), ...data.notes].join(" ");
    this.badge(data.state === "STALE" ? "warn" : "", ["STALE", "EARLIER"].includes(data.state) ? data.state_text : "");
    const empty = this.find("empty");
    empty.hidden = !data.empty;
    this.picture.hidden = Boolean(data.empty);
    if (data.empty) {
      this.find("reason").textContent = data.empty.reason;
      const link = this.find("next");
      link.hidden = !data.empty.next_url;
      link.textContent = data.empty.next_text;
      link.href = data.empty.next_url;
    }
    if (this.isTableOpen()) fillTable(this.find("numbers"), data);
  }

  badge(kind, text) {
    const badge = this.find("badge");
    badge.className = `badge ${kind}`;
    badge.textContent = text;
    badge.hidden = !text;
  }

  draw() {
    if (!this.data || this.data.empty || !this.picture.clientWidth) return;
    this.chart ??= window.echarts.init(this.picture, null, { renderer: "canvas" });
    const c = colours();
    const narrow = this.picture.clientWidth < NARROW;
    const size = { width: this.picture.clientWidth, height: this.picture.clientHeight };
    this.drawn = kinds[this.data.chart](this.data, { c, narrow, mode: this.mode, ...size });
    const text = (row) => tooltip(this.data, row);
    const common = base(c, text, this.drawn.rowOf);
    const { tooltip: own, ...option } = this.drawn.option;
    this.chart.setOption({ ...common, ...option, tooltip: { ...common.tooltip, ...own } }, { notMerge: true });
  }

  resize() {
    if (!this.chart) return this.draw();
    this.chart.resize({ animation: { duration: 0 } });
    return this.draw();
  }

  choose(button) {
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
    const [name, value] = button.dataset.query.split("=");
    if (name !== "mode") return this.set({ [name]: value });
    this.mode = value;
    if (this.data) this.describe();
    return this.draw();
  }

  isTableOpen() {
    return this.find("numbers-button").getAttribute("aria-expanded") === "true";
  }

  toggleNumbers() {
    const open = !this.isTableOpen();
    this.find("numbers-button").setAttribute("aria-expanded", String(open));
    this.find("numbers").hidden = !open;
    if (open && this.data) fillTable(this.find("numbers"), this.data);
  }

  rows() {
    return this.data && !this.data.empty ? this.data.rows.length : 0;
  }

  startRow() {
    return this.drawn?.startRow ?? this.rows() - 1;
  }

  show(row) {
    this.find("live").textContent = spoken(this.data, row);
    const point = this.drawn?.point(row);
    if (point) this.chart.dispatchAction({ type: "showTip", ...point });
    else this.chart?.dispatchAction({ type: "hideTip" });
  }

  hide() {
    this.find("live").textContent = "";
    this.chart?.dispatchAction({ type: "hideTip" });
  }

  dispose() {
    this.request?.abort();
    this.resized.disconnect();
    this.chart?.dispose();
    this.chart = null;
  }
}
