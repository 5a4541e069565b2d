// Theme and density, before the first paint and without a round trip. Kept in this browser alone.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = (name, fallback) => {
    try { return localStorage.getItem(`signalbox.${name}`) || fallback; } catch { return fallback; }
  };
  const keep = (name, value) => {
    try { localStorage.setItem(`signalbox.${name}`, value); } catch { /* private window: until it closes */ }
  };
  const apply = () => {
    const theme = read("theme", "system");
    const isDark = theme === "dark" || (theme === "system" && dark.matches);
    root.dataset.theme = isDark ? "dark" : "light";
    root.dataset.density = read("density", "roomy");
    root.dataset.choice = theme;
    if (window.Quasar) window.Quasar.Dark.set(isDark);
  };
  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => setTimeout(apply, 0));
  apply();
  window.signalbox = Object.assign(window.signalbox || {}, {
    theme(value) { keep("theme", value); apply(); },
    nextTheme() { window.signalbox.theme(root.dataset.theme === "dark" ? "light" : "dark"); },
    density(value) { keep("density", value || (root.dataset.density === "compact" ? "roomy" : "compact")); apply(); },
    nav(open) { root.classList.toggle("nav-open", open ?? !root.classList.contains("nav-open")); },
  });
})();

// Signing out is a POST: nothing a link can do by itself.
window.signalbox.toEnd = () => requestAnimationFrame(() => {
  const log = document.querySelector(".log");
  if (log) log.scrollTop = log.scrollHeight;
});

window.signalbox.leave = () => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/logout";
  document.body.append(form);
  form.submit();
};
