/* Refreshes the dashboard: polls its blocks, replaces those that changed, and counts clock and ages up in between. */
"use strict";

(() => {
  const page = document.querySelector(".dashboard");
  if (!page) return;
  const state = document.getElementById("refresh-state");
  const FAST_MS = 5000, SLOW_MS = 30000, FAST_POLLS = 24, SILENT_MS = 60000;
  const clockText = new Intl.DateTimeFormat("en-GB", {
    timeZone: "America/New_York", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  let version = page.dataset.version;
  let aheadMs = Number(page.dataset.nowMs) - Date.now(); // the market's clock minus the browser's
  let fastPolls = FAST_POLLS, answeredAt = Date.now(), timer = 0, busy = false;
  const shown = new Map();

  const marketNow = () => Date.now() + aheadMs;

  function ageText(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (days > 0) return `${days} day${days > 1 ? "s" : ""} ${hours % 24} h`;
    return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  }

  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tick() {
    const now = marketNow();
    for (const element of page.querySelectorAll(".age")) {
      const age = ageText(now - Number(element.dataset.sinceMs));
      setText(element, element.closest(".badge") ? age.toUpperCase() : age);
    }
    for (const element of page.querySelectorAll("[data-clock]")) setText(element, clockText.format(now));
    const silent = Date.now() - answeredAt;
    state.classList.toggle("warning", silent > SILENT_MS);
    setText(state, silent > SILENT_MS
      ? `The server has not answered for ${ageText(silent)}; values are those of ${clockText.format(answeredAt + aheadMs)}`
      : `Updates by itself, last answer ${clockText.format(answeredAt + aheadMs).slice(0, 8)}`);
  }

  /* On a phone a symbol is closed until its button is pressed. */
  function showState(block) {
    const button = block.querySelector(".more");
    if (!button) return;
    const open = block.classList.contains("open");
    button.setAttribute("aria-expanded", String(open));
    button.firstChild.textContent = open ? "Show less" : "Levels, volatility, flow, confluence";
  }

  page.addEventListener("click", (event) => {
    const block = event.target.closest(".more")?.closest(".block");
    if (!block) return;
    block.classList.toggle("open");
    showState(block);
  });

  /* Replaces a block and keeps the focus on the same link of it. */
  function replace(block, html) {
    const active = block.contains(document.activeElement) ? document.activeElement : null;
    const place = active ? [...block.querySelectorAll("a, button, [tabindex]")].indexOf(active) : -1;
    block.innerHTML = html;
    showState(block);
    if (place >= 0) block.querySelectorAll("a, button, [tabindex]")[place]?.focus({preventScroll: true});
  }

  function show(answer) {
    const names = Object.keys(answer.blocks);
    const present = [...page.querySelectorAll("[data-block]")];
    if (names.join() !== present.map((block) => block.dataset.block).join()) {
      location.reload(); // the watchlist changed
      return;
    }
    for (const block of present) {
      const html = answer.blocks[block.dataset.block];
      if (shown.get(block.dataset.block) !== html) {
        replace(block, html);
        shown.set(block.dataset.block, html);
      }
    }
    version = answer.version;
  }

  async function poll() {
    if (busy) return;
    busy = true;
    try {
      const answer = await fetch(page.dataset.blocksUrl, {
        headers: {"If-None-Match": `"${version}"`}, cache: "no-store", signal: AbortSignal.timeout(20000),
      });
      if (answer.redirected || answer.status === 403) {
        location.reload(); // signed out
        return;
      }
      if (answer.ok || answer.status === 304) {
        answeredAt = Date.now();
        aheadMs = Number(answer.headers.get("X-Now-Ms")) - answeredAt;
      }
      if (answer.ok) show(await answer.json());
    } catch {
      // No answer: the text beside the buttons says for how long.
    } finally {
      busy = false;
      tick();
    }
  }

  /* Every 5 s for two minutes after the last use, then every 30 s; not while the page is hidden. */
  function schedule() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (!document.hidden) await poll();
      fastPolls -= 1;
      schedule();
    }, fastPolls > 0 ? FAST_MS : SLOW_MS);
  }

  function use() {
    const slow = fastPolls <= 0;
    fastPolls = FAST_POLLS;
    if (slow) schedule();
  }

  for (const button of page.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => choose(button.dataset.view));
  }

  function choose(view) {
    page.classList.toggle("compact", view === "compact");
    for (const button of page.querySelectorAll("[data-view]")) {
      button.setAttribute("aria-pressed", String(button.dataset.view === view));
    }
    localStorage.setItem("dashboardView", view);
  }

  choose(localStorage.getItem("dashboardView") === "compact" ? "compact" : "watchlist");
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { use(); poll(); } });
  for (const kind of ["mousemove", "keydown", "touchstart"]) document.addEventListener(kind, use, {passive: true});
  setInterval(tick, 1000);
  tick();
  schedule();
})();
