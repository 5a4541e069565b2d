// One registry of keys. Only ids of commands leave this file, never what is typed.
(() => {
  const editable = (target) => target instanceof Element &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest(".cm-editor"));
  const letter = (event) => {  // the physical key where the layout has no Latin letters
    if (/^[\x21-\x7e]$/.test(event.key)) return event.key;
    return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
  };
  const chords = new Map();
  let first = "", until = 0;

  const chordOf = (event) => {
    const key = letter(event);
    if (event.ctrlKey || event.metaKey) return `mod+${key.toLowerCase()}`;
    if (event.altKey) return "";
    if (key.length !== 1) return "";  // Shift, Escape and the like begin nothing
    const now = performance.now();
    const pair = first && now < until ? `${first} ${key}` : "";
    first = key;
    until = now + 1200;
    return chords.has(pair) ? pair : key;
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat) return;
    const typing = editable(event.target);
    if (typing && !(event.ctrlKey || event.metaKey)) return;
    const command = chords.get(chordOf(event));
    if (!command || (typing && !command.always)) return;
    event.preventDefault();
    first = "";
    document.dispatchEvent(new CustomEvent("signalbox:command", { detail: command.id }));
  });

  document.addEventListener("keydown", (event) => {  // Escape closes the folded navigation
    if (event.key === "Escape") window.signalbox.nav(false);
  });

  window.signalbox = Object.assign(window.signalbox || {}, {
    keys(list) {
      chords.clear();
      for (const one of list) if (one.chord) chords.set(one.chord, { id: one.id, always: one.chord.startsWith("mod+") });
    },
  });
})();

// A link that leaves the control room opens beside it, and does not learn where it came from.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".prose a[href]");
  if (!link || link.getAttribute("href").startsWith("/")) return;
  event.preventDefault();
  if (/^https?:/.test(link.href)) window.open(link.href, "_blank", "noopener,noreferrer");
});
