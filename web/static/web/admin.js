// Unfold opens menus and filters by clicks on elements that no key reaches, names all scrollable areas alike, and shows
// icons as text.
"use strict";

(() => {
  const CLICKED = "[x-on\\:click]:not(a[href], button, input, select, textarea, h2, h3, #changelist-filter-close)";
  const NAMES = { dock_to_right: "Show or hide the menu", close: "Close", computer: "Theme", more_horiz: "Actions" };

  const AREAS = { "changelist-form": "Rows", "changelist-filter": "Filters" };

  function makeReachable(element) {
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "0");
    const name = NAMES[element.textContent.trim()];
    if (name) element.setAttribute("aria-label", name);
    element.addEventListener("keydown", (event) => {
      if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      element.click();
    });
  }

  function nameScrollable(element) {
    const area = element.closest("nav, #changelist-form, #changelist-filter");
    if (area) element.setAttribute("data-simplebar-aria-label", AREAS[area.id] || "Menu");
  }

  // The text of an icon is its name in the font. It is read only where a control has no other name.
  function hideIcon(icon) {
    const control = icon.closest("a, button, [role=button]");
    if (control === icon) return;
    const isNamed = control?.title || control?.ariaLabel || control?.textContent.trim() !== icon.textContent.trim();
    if (isNamed) icon.setAttribute("aria-hidden", "true");
  }

  // This runs before simplebar reads its options, and before Alpine, which is deferred, starts.
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(CLICKED).forEach(makeReachable);
    document.querySelectorAll(".material-symbols-outlined").forEach(hideIcon);
    document.querySelectorAll("[data-simplebar]").forEach(nameScrollable);
    document.querySelectorAll("input.hidden[name=username]").forEach((one) => { one.autocomplete = "username"; });
  });

  // Django's lists of two columns are built when the page is loaded. Their hints are labels without a role.
  window.addEventListener("load", () => setTimeout(() => {
    document.querySelectorAll("span.help-tooltip[aria-label]").forEach((one) => one.setAttribute("role", "img"));
  }));
})();
