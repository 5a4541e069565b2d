// What bars people from the page at hand, as sentences.
() => {
  const found = new Set();
  const seen = (one) => {
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    return one.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true }) && box.width > 1 && box.height > 1;
  };
  const what = (one) => `${one.tagName.toLowerCase()}.${one.className?.baseVal ?? one.className} ${one.textContent.trim().slice(0, 30)}`;
  const byIds = (ids) => (ids || "").split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join("");
  const named = (one) => (one.getAttribute("aria-label") || byIds(one.getAttribute("aria-labelledby"))
    || [...(one.labels || [])].map((label) => label.textContent).join("") || one.textContent || one.title || one.alt || "").trim();
  for (const one of document.querySelectorAll("button, a[href], summary, [role=button], [role=img], [role=menuitem], img"))
    if (seen(one) && !named(one)) found.add(`no name: ${what(one)} ${one.outerHTML.slice(0, 90)}`);
  for (const one of document.querySelectorAll("input:not([type=hidden]), textarea, select"))
    if (seen(one) && !named(one)) found.add(`no label: ${one.outerHTML.slice(0, 120)}`);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.add(`an id twice: ${id}`);
  for (const one of document.querySelectorAll("[tabindex]")) if (one.tabIndex > 0) found.add(`out of order: ${what(one)}`);
  if (document.querySelectorAll("main:not([role=none])").length !== 1) found.add("not one main part");
  if (document.querySelectorAll("h1").length !== 1) found.add(`${document.querySelectorAll("h1").length} first headings`);
  if (!document.documentElement.lang) found.add("no language");

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, below) => below.map((one, at) => at > 2 ? 255 : top[at] * top[3] / 255 + one * (1 - top[3] / 255));
  const ground = (one) => {
    const layers = [];
    for (let above = one; above; above = above.parentElement) layers.unshift(rgba(getComputedStyle(above).backgroundColor));
    return layers.reduce((below, top) => over(top, below), rgba("white"));
  };
  const light = (colour) => colour.slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  for (const one of document.querySelectorAll("body *")) {
    const words = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!words || !seen(one) || one.closest("[disabled], [aria-hidden=true], script, style, noscript")) continue;
    const below = ground(one), [a, b] = [light(over(rgba(getComputedStyle(one).color), below)), light(below)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(`contrast ${ratio.toFixed(2)}: ${what(one)}`);
  }
  return [...found];
}
