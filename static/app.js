// What pages do beyond links, forms and htmx. Everything is delegated from the
// document, so it works on what htmx swaps in; nothing here is needed to use a
// page. Elements ask for behaviour by data attributes:
//
//   data-dialog="id"         opens that <dialog>; data-close closes the one around
//   data-menu                a <details> that acts as a menu
//   data-copy="text"         copies it
//   data-confirm="question"  on a form, link or button; data-confirm-label="Discard"
//   data-autosubmit          a field that submits its form when it changes
//   data-density-choice      a select of compact, standard, comfortable
//   data-keep                on what polling swaps: focus, scroll and menus stay
//   data-upload              a form whose <progress> shows how far a file is
//   data-drop                a box around a file field that takes dropped files
//   data-focus               takes the focus when it appears
//   data-toast               a message that the server has rendered
//   data-key="g c"           a link that these keys follow
"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const on = (type, handle, capture) => document.addEventListener(type, handle, capture);
  const each = (within, selector, use) => {
    if (within.matches?.(selector)) use(within);
    within.querySelectorAll(selector).forEach(use);
  };

  // ---- Messages --------------------------------------------------------------

  function element(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    e.append(...children);
    return e;
  }

  // Errors stay until they are closed; other messages long enough to be read.
  function settle(box) {
    const close = element("button", { type: "button", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => box.remove());
    const text = element("span", {});
    text.append(...box.childNodes);
    box.append(text, close);
    if (box.classList.contains("error")) return;
    let timer;
    const start = () => { timer = setTimeout(() => box.remove(), 7000); };
    const stop = () => clearTimeout(timer);
    for (const type of ["mouseenter", "focusin"]) box.addEventListener(type, stop);
    for (const type of ["mouseleave", "focusout"]) box.addEventListener(type, start);
    start();
  }

  // url, a path of this site, makes a link of label behind the text.
  function toast({ text, tone = "ok", url, label = "Open" }) {
    if (!text) return;
    const box = element("p", { class: `tb-toast ${tone}` }, text);
    if (url?.startsWith("/") && !url.startsWith("//")) box.append(" ", element("a", { href: url }, label));
    byId("toasts")?.append(box);
    settle(box);
  }

  on("toast", (event) => toast(event.detail)); // the header HX-Trigger
  on("htmx:sendError", () => toast({ text: "The server cannot be reached. Try again in a moment.", tone: "error" }));
  on("htmx:timeout", () => toast({ text: "The server took too long to answer. Try again.", tone: "error" }));
  on("htmx:responseError", ({ detail: { xhr } }) => {
    if (/\btoast\b/.test(xhr.getResponseHeader("HX-Trigger") ?? "")) return;
    toast({ text: `That did not work (${xhr.status}). Reload the page and try again.`, tone: "error" });
  });

  // ---- Dialogs -----------------------------------------------------------------

  function open(dialog) {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const field = dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea");
    field?.focus();
    field?.select?.();
  }

  on("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey; // a link in a tab or window of its own
    if (opener && !(elsewhere && opener.href)) {
      event.preventDefault();
      open(byId(opener.dataset.dialog));
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target.nodeName === "DIALOG" && outside(event)) event.target.close();
  });

  // A closed dialog can keep the focus if nothing had it before.
  on("close", ({ target }) => target.contains(document.activeElement) && document.activeElement.blur(), true);

  // A click on the backdrop has the dialog itself as its target.
  function outside({ target, clientX: x, clientY: y }) {
    const box = target.getBoundingClientRect();
    return x < box.left || x > box.right || y < box.top || y > box.bottom;
  }

  // ask resolves to whether somebody has confirmed.
  function ask(question, label = "Continue") {
    const dialog = element("dialog", { class: "tb-dialog", "aria-label": "Please confirm" },
      element("p", {}, question),
      element("form", { method: "dialog", class: "tb-actions" },
        element("button", { class: "btn", value: "" }, "Cancel"),
        element("button", { class: "btn btn-primary", value: "yes" }, label)));
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((done) => {
      dialog.addEventListener("close", () => {
        dialog.remove();
        done(dialog.returnValue === "yes");
      });
    });
  }

  const confirmed = new WeakSet();

  on("submit", (event) => {
    const asks = event.submitter?.dataset.confirm ? event.submitter : event.target;
    if (!asks.dataset.confirm || confirmed.delete(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { target: form, submitter } = event;
    ask(asks.dataset.confirm, asks.dataset.confirmLabel).then((yes) => {
      if (!yes) return;
      confirmed.add(form);
      form.requestSubmit(submitter);
    });
  }, true);

  on("htmx:confirm", (event) => {
    const { elt, issueRequest } = event.detail;
    if (!elt.dataset.confirm || elt.nodeName === "FORM") return;
    event.preventDefault();
    ask(elt.dataset.confirm, elt.dataset.confirmLabel).then((yes) => yes && issueRequest(true));
  });

  // ---- Menus ---------------------------------------------------------------------

  const openMenus = () => document.querySelectorAll("details[data-menu][open]");
  // The small screen's menu button opens a list that follows it.
  const belongs = (menu, target) =>
    menu.contains(target) || (menu.matches(".tb-nav-toggle") && target.closest?.(".tb-nav"));
  const closeOthers = ({ target }) => openMenus().forEach((menu) => { if (!belongs(menu, target)) menu.open = false; });

  on("click", closeOthers);
  on("focusin", closeOthers);
  on("keydown", (event) => {
    if (event.key === "Escape") {
      // A search field would keep the key to empty itself.
      if (event.target.matches?.("dialog input[type=search]")) event.target.closest("dialog").close();
      const last = [...openMenus()].at(-1);
      if (!last) return;
      last.open = false;
      last.querySelector("summary").focus();
      return;
    }
    const menu = event.target.closest?.("details[data-menu]");
    if (!menu || !/^(Arrow(Up|Down)|Home|End)$/.test(event.key)) return;
    if (event.key === "ArrowDown") menu.open = true;
    if (menu.open && step(menu, "a, button:not(:disabled)", event.key)) event.preventDefault();
  });

  // step moves the focus through what selector matches, and says if it did.
  function step(within, selector, key) {
    const items = [...within.querySelectorAll(selector)].filter((e) => e.checkVisibility());
    if (items.length === 0) return false;
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[key];
    items.at(next % items.length).focus();
    return true;
  }

  // ---- Keys ------------------------------------------------------------------------

  const typing = ({ target }) => target.closest?.("input, select, textarea, [contenteditable], .cm-editor");
  let before = ""; // the key before this one, for «g c»

  on("keydown", (event) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    const results = event.target.closest?.(".tb-search-dialog");
    if (results && /^Arrow(Up|Down)$/.test(key) && step(results, "input, a", key)) event.preventDefault();
    const search = (ctrlKey || metaKey) && !altKey && key.toLowerCase() === "k";
    if (!search && (typing(event) || ctrlKey || metaKey || altKey || document.querySelector("dialog[open]"))) return;
    const pair = `${before} ${key}`;
    before = key;
    setTimeout(() => { if (before === key) before = ""; }, 1000);
    if (search || key === "/") {
      event.preventDefault();
      open(byId("search-dialog"));
    } else if (key === "?") {
      open(byId("keys-dialog"));
    } else {
      document.querySelector(`a[data-key="${CSS.escape(pair)}"]`)?.click();
    }
  });

  // ---- Small things -------------------------------------------------------------------

  on("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      toast({ text: "The browser did not let this page copy.", tone: "error" });
      return;
    }
    button.classList.add("done");
    toast({ text: "Copied." });
    setTimeout(() => button.classList.remove("done"), 1500);
  });

  on("change", ({ target }) => {
    if (target.matches("[data-autosubmit]")) target.form.requestSubmit();
    if (target.matches("[data-density-choice]")) {
      root.dataset.density = target.value;
      document.cookie = `density=${target.value}; path=/; max-age=31536000; samesite=lax`;
    }
  });

  // A form that is on its way is not sent again.
  on("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.method === "dialog" || event.defaultPrevented) return;
    if (form.hasAttribute("aria-busy")) {
      event.preventDefault();
      return;
    }
    if (form.method !== "post" || form.target) return;
    const sent = [form, submitter].filter(Boolean);
    sent.forEach((e) => e.setAttribute("aria-busy", "true"));
    setTimeout(() => sent.forEach((e) => e.removeAttribute("aria-busy")), 15000); // perhaps it was stopped
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) each(document, "form[aria-busy], button[aria-busy]", (e) => e.removeAttribute("aria-busy"));
  });

  for (const type of ["dragover", "dragleave", "drop"]) {
    on(type, (event) => {
      const box = event.target.closest?.("[data-drop]");
      if (!box) return;
      event.preventDefault();
      box.classList.toggle("over", type === "dragover");
      const field = box.querySelector("input[type=file]");
      if (type !== "drop" || !field || event.dataTransfer.files.length === 0) return;
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  // ---- htmx -------------------------------------------------------------------------------

  // Polling has no event behind it.
  const polled = ({ elt, requestConfig }) => elt.closest("[data-keep]") && !requestConfig.triggeringEvent;

  const waiting = new WeakMap(); // request → timer that says so

  on("htmx:beforeRequest", (event) => {
    const { elt, target, xhr } = event.detail;
    const polls = polled(event.detail);
    if (polls && document.hidden) event.preventDefault();
    if (polls || event.defaultPrevented) return;
    const busy = [target, event.detail.requestConfig.triggeringEvent?.submitter].filter(Boolean);
    const timer = setTimeout(() => busy.forEach((e) => e.setAttribute("aria-busy", "true")), 150);
    waiting.set(xhr, () => {
      clearTimeout(timer);
      busy.forEach((e) => e.removeAttribute("aria-busy"));
    });
  });
  on("htmx:afterRequest", ({ detail: { xhr, elt } }) => {
    waiting.get(xhr)?.();
    elt.closest("form")?.removeAttribute("aria-busy");
  });

  // What polling swaps in must not take away what somebody is doing: an open
  // menu or a selection waits for the next round; focus and scroll return.
  let kept;

  on("htmx:beforeSwap", (event) => {
    const keep = event.detail.target.closest?.("[data-keep]");
    if (!keep || !polled(event.detail)) return;
    const selection = getSelection();
    const selecting = !selection.isCollapsed && keep.contains(selection.anchorNode);
    if (selecting || keep.querySelector("details[data-menu][open]")) {
      event.detail.shouldSwap = false;
      return;
    }
    const active = keep.contains(document.activeElement) ? document.activeElement : null;
    const box = scrollers(keep)[0];
    const folds = new Map([...keep.querySelectorAll("details:not([data-menu])")].map((d) => [title(d), d.open]));
    kept = { id: keep.id, folds, focus: active && describe(active), top: box?.scrollTop, left: box?.scrollLeft };
  });
  on("htmx:afterSettle", () => {
    const keep = kept && byId(kept.id);
    if (!keep) return;
    const box = scrollers(keep)[0];
    if (box) Object.assign(box, { scrollTop: kept.top, scrollLeft: kept.left });
    keep.querySelectorAll("details").forEach((d) => { d.open = kept.folds.get(title(d)) ?? d.open; });
    if (kept.focus && !keep.contains(document.activeElement)) {
      [...keep.querySelectorAll(kept.focus.selector)][kept.focus.index]?.focus({ preventScroll: true });
    }
    kept = undefined;
  });

  const title = (details) => details.querySelector("summary")?.textContent.trim();
  const scrollers = (keep) => [keep.closest(".tb-table"), ...keep.querySelectorAll(".tb-table")].filter(Boolean);

  function describe(e) {
    const attribute = ["id", "href", "name", "data-copy"].find((name) => e.getAttribute(name));
    const selector = e.nodeName + (attribute ? `[${attribute}="${CSS.escape(e.getAttribute(attribute))}"]` : "");
    return { selector, index: [...e.closest("[data-keep]").querySelectorAll(selector)].indexOf(e) };
  }

  const uploading = new Set(); // forms; to leave the page would end what they send

  on("htmx:beforeSend", ({ target }) => { if (target.matches("form[data-upload]")) uploading.add(target); });
  for (const end of ["htmx:beforeOnLoad", "htmx:afterRequest"]) on(end, ({ target }) => uploading.delete(target));
  addEventListener("beforeunload", (event) => { if (uploading.size > 0) event.preventDefault(); });

  on("htmx:xhr:progress", ({ target, detail: { loaded, total, lengthComputable } }) => {
    const bar = target.closest("form[data-upload]")?.querySelector("progress");
    if (!bar || !lengthComputable) return;
    bar.hidden = false;
    bar.closest("[hidden]")?.removeAttribute("hidden");
    bar.max = total;
    if (loaded < total) bar.value = loaded;
    else bar.removeAttribute("value"); // the server is reading
    const megabytes = (n) => (n / 1e6).toFixed(1);
    bar.nextElementSibling.textContent = `${megabytes(loaded)} of ${megabytes(total)} MB`;
  });

  // ---- What appears ---------------------------------------------------------------------------

  // A table that fits lets its header stick to the page; a wider one scrolls in
  // its own box, which the keyboard must then reach.
  const widths = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target.closest(".tb-table"))));
  function fit(box) {
    if (!box) return;
    const table = box.querySelector(":scope > table");
    const fits = !table || table.offsetWidth <= box.clientWidth + 1;
    box.classList.toggle("fits", fits);
    box.classList.toggle("scrolls", !fits);
    if (fits) box.removeAttribute("tabindex");
    else box.tabIndex = 0;
  }

  function appear(within) {
    each(within, ".tb-table, .tb-table > table", (e) => widths.observe(e));
    each(within, "[data-toast]", (e) => {
      e.removeAttribute("data-toast");
      settle(e);
    });
    each(within, "[data-focus]", (e) => e.focus());
    each(within, "[data-density-choice]", (e) => { e.value = root.dataset.density || "standard"; });
  }

  appear(document.body);
  on("htmx:load", ({ target }) => {
    appear(target);
    // A form that has come into an open dialog takes the focus that waits there.
    const dialog = target.closest?.("dialog[open]");
    if (dialog?.matches(".tb-search-dialog") || !dialog || dialog.contains(document.activeElement?.closest("input, select, textarea"))) return;
    target.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  });
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    each(document, "kbd", (e) => { e.textContent = e.textContent.replace("Ctrl ", "⌘"); });
  }
})();
