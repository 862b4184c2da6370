// Loaded before the first paint, so that a dark page never flashes white: the
// cookie `theme` says light or dark; otherwise the system does.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => document.cookie.match(/(?:^|;\s*)theme=(light|dark)\b/)?.[1];
  const apply = () => {
    const theme = chosen() ?? (system.matches ? "dark" : "light");
    if (root.dataset.bsTheme !== theme) root.dataset.bsTheme = theme;
    root.dataset.js = "on";
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("tb:theme", apply); // the cookie has changed
  document.addEventListener("visibilitychange", apply); // perhaps in another tab
})();
