/* Pages of backtests: refresh of the progress, words of the choices, and the order of the table of detectors. */
"use strict";

(() => {
  const POLL_MS = 2000;

  /* Replace the content of an element with that of the server until nothing in it is unfinished. */
  async function poll(element) {
    if (!document.hidden) {
      try {
        const answer = await fetch(element.dataset.poll, { signal: AbortSignal.timeout(20000) });
        // Logged out, not allowed any more, or deleted: the page says which.
        if ([401, 403, 404].includes(answer.status)) return location.reload();
        const data = answer.ok ? await answer.json() : null;
        if (data && element.dataset.shown !== data.html && !element.contains(document.activeElement)) {
          element.innerHTML = data.html;
          element.dataset.shown = data.html;
        }
        if (data && !data.live) return element.dataset.reload ? location.reload() : undefined;
      } catch {
        // No answer: the next one may come.
      }
    }
    return setTimeout(() => poll(element), POLL_MS);
  }

  for (const element of document.querySelectorAll('[data-poll][data-live="true"]')) setTimeout(() => poll(element), POLL_MS);

  for (const pick of document.querySelectorAll("[data-pick]")) {
    const boxes = [...pick.querySelectorAll("input")];
    const summary = pick.querySelector("summary");
    const all = summary.textContent;
    const say = () => {
      const chosen = boxes.filter((box) => box.checked);
      summary.textContent = !chosen.length || chosen.length === boxes.length ? all
        : chosen.length === 1 ? chosen[0].parentElement.textContent.trim()
          : `${chosen.length} of ${boxes.length} ${pick.dataset.pick}`;
    };
    pick.addEventListener("change", say);
    pick.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      pick.open = false;
      summary.focus();
    });
    document.addEventListener("click", (event) => { if (!pick.contains(event.target)) pick.open = false; });
    say();
  }

  /* Detectors with too few outcomes, with outcomes of another kind and without data stay below the others. */
  function sort(table, heading, column) {
    const was = heading.getAttribute("aria-sort");
    const down = was ? was === "ascending" : column > 0;
    for (const one of table.querySelectorAll("th[aria-sort]")) one.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => row.cells[column].dataset.value;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      if (a.dataset.rank !== b.dataset.rank) return a.dataset.rank - b.dataset.rank;
      const [one, other] = [value(a), value(b)];
      if (!one || !other) return Number(!one) - Number(!other);
      const order = column ? Number(one) - Number(other) : one.localeCompare(other);
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const button of table.querySelectorAll("[data-column]")) {
      button.addEventListener("click", () => sort(table, button.closest("th"), Number(button.dataset.column)));
    }
  }
})();
