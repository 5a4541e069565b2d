// Ages tick here, so that the server sends a time once: <time datetime="…" data-age="ago|in|plain">.
(() => {
  const spoken = (seconds) => {
    if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
    return `${Math.round(seconds / 86400)} days`;
  };
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
  const today = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium", hour12: false });
  const at = (then, now) => {
    const date = new Date(then);
    const same = new Date(now).toDateString() === date.toDateString();
    return same ? clock.format(date) : `${day.format(date)} ${clock.format(date)}`;
  };
  const text = (element, now) => {
    const then = Date.parse(element.getAttribute("datetime"));
    if (Number.isNaN(then)) return null;
    const seconds = (now - then) / 1000;
    switch (element.dataset.age) {
      case "plain": return spoken(seconds);
      case "in": return seconds < 0 ? `in ${spoken(-seconds)}` : "now";
      case "at": return at(then, now);
      case "clock": return `${today.format(now)} ${clock.format(now)}`;
      default: return seconds < 2 ? "now" : `${spoken(seconds)} ago`;
    }
  };
  const tick = () => {
    if (document.hidden) return;
    const now = Date.now();
    for (const element of document.querySelectorAll("time[data-age]")) {
      const words = text(element, now);
      if (words !== null && element.textContent !== words) element.textContent = words;
      const at = element.getAttribute("datetime");
      if (words !== null && (!element.title || element.titled) && element.titled !== at) {
        element.title = full.format(Date.parse(at));
        element.titled = at;
      }
    }
  };
  let since = 0;
  const pulse = () => {  // says honestly whether what is on screen still follows what happens
    const badge = document.querySelector(".livebadge");
    if (!badge) return;
    const connected = Boolean(window.socket?.connected);
    since = connected ? 0 : since || Date.now();
    const words = connected ? "live" : `not connected since ${clock.format(since)}`;
    if (badge.textContent === words) return;
    badge.textContent = words;
    badge.parentElement.classList.toggle("ok", connected);
    badge.parentElement.classList.toggle("warn", !connected);
  };
  setInterval(tick, 1000);
  setInterval(pulse, 2000);
  document.addEventListener("visibilitychange", tick);
  new MutationObserver(() => requestAnimationFrame(tick)).observe(document.documentElement, { childList: true, subtree: true });
})();
