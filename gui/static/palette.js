// The palette: filters an index it holds, and tells the server only which entry was chosen.
const words = (text) => text.toLowerCase().split(/[\s.:/]+/).filter(Boolean);

const subsequence = (needle, hay) => {
  let at = 0;
  for (const char of hay) if (char === needle[at]) at += 1;
  return at === needle.length;
};

const distance = (a, b) => {  // edits between two short words; two letters swapped are one
  let above = [], row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j], above[j - 2] + 1);
    }
    [above, row] = [row, next];
  }
  return row[b.length];
};

const scoreWord = (word, item) => {
  let best = 0;
  for (const title of item.words) {
    if (title === word) best = Math.max(best, 100);
    else if (title.startsWith(word)) best = Math.max(best, 80);
    else if (title.includes(word)) best = Math.max(best, 50);
    else if (word.length > 3 && distance(word, title) <= Math.max(1, Math.floor(word.length / 4))) best = Math.max(best, 40);
    else if (word.length > 2 && subsequence(word, title)) best = Math.max(best, 20);
  }
  if (!best && item.hay.includes(word)) best = 15;
  return best;
};

export default {
  template: `
    <div v-if="open" class="palette-scrim" @mousedown.self="close" @keydown="onKey">
      <div class="palette" role="dialog" aria-modal="true" :aria-label="label">
        <template v-if="sheet">
          <div class="palette-head"><b>Keys</b><kbd>Esc</kbd></div>
          <dl class="sheet" tabindex="-1" ref="sheet">
            <template v-for="one in chorded" :key="one.id"><dt>{{ one.title }}</dt><dd><kbd v-for="key in keysOf(one.chord)">{{ key }}</kbd></dd></template>
          </dl>
        </template>
        <template v-else>
          <div class="palette-head">
            <svg viewBox="0 0 24 24" class="icon" aria-hidden="true"><path d="M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4"/></svg>
            <input ref="field" v-model="query" :placeholder="placeholder" role="combobox" aria-expanded="true" aria-controls="palette-list"
              :aria-activedescendant="found.length ? 'palette-' + at : null" autocomplete="off" spellcheck="false" maxlength="500">
            <kbd>Esc</kbd>
          </div>
          <ul id="palette-list" role="listbox" ref="list">
            <template v-for="(one, index) in found" :key="one.id">
              <li v-if="index === 0 || found[index - 1].group !== one.group" class="palette-group" role="presentation">{{ one.group }}</li>
              <li :id="'palette-' + index" role="option" :aria-selected="index === at" :class="{ on: index === at }"
                @mousemove="at = index" @click="choose(one)">
                <b>{{ one.title }}</b><span>{{ one.hint }}</span>
                <em v-if="one.tag">{{ one.tag }}</em><kbd v-for="key in keysOf(one.chord)">{{ key }}</kbd>
              </li>
            </template>
            <li v-if="query.trim() && canAsk" :id="'palette-' + found.length" role="option" :aria-selected="at === found.length"
              :class="{ on: at === found.length }" @mousemove="at = found.length" @click="ask">
              <b>Ask</b><span>“{{ query.trim() }}”</span><em>answer with sources</em>
            </li>
            <li v-if="!found.length && !(query.trim() && canAsk)" class="palette-none">Nothing is called that.</li>
          </ul>
        </template>
      </div>
    </div>`,
  props: { items: Array, canAsk: Boolean, placeholder: String, label: String },
  data: () => ({ open: false, sheet: false, query: "", at: 0, before: null }),
  computed: {
    index() {
      return this.items.map((one) => ({
        ...one, words: [...words(one.title), ...words(one.also || "")], hay: `${one.title} ${one.hint} ${one.also || ""}`.toLowerCase(),
      }));
    },
    chorded() { return this.items.filter((one) => one.chord); },
    found() {
      const asked = words(this.query);
      if (!asked.length) return this.index.filter((one) => one.first).slice(0, 40);
      const ranked = [];
      for (const item of this.index) {
        let total = 0;
        for (const word of asked) {
          const score = scoreWord(word, item);
          if (!score) { total = 0; break; }
          total += score;
        }
        if (total) ranked.push({ ...item, total: total + (item.first ? 5 : 0) });
      }
      ranked.sort((a, b) => b.total - a.total || a.title.localeCompare(b.title));
      const top = ranked.slice(0, 30);
      const groups = [...new Set(top.map((one) => one.group))];
      return top.sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || b.total - a.total);
    },
  },
  watch: { query() { this.at = 0; } },
  mounted() {
    this.listen = (event) => this.command(event.detail);
    document.addEventListener("signalbox:command", this.listen);
    this.register();
  },
  updated() { this.register(); },
  unmounted() { document.removeEventListener("signalbox:command", this.listen); },
  methods: {
    register() { window.signalbox?.keys?.(this.items); },
    keysOf(chord) {
      const mac = /Mac|iP/.test(navigator.platform);
      return chord ? chord.split(/[ ]/).map((key) => key.replace("mod+", mac ? "⌘ " : "Ctrl ").replace(/k$/, "K")) : [];
    },
    command(id) {
      if (id === "palette") return this.open && !this.sheet ? this.close() : this.show(false);
      if (id === "keys") return this.show(true);
      const item = this.items.find((one) => one.id === id);
      if (item) this.choose(item);
      return null;
    },
    show(sheet) {
      if (!this.open) this.before = document.activeElement;
      Object.assign(this, { open: true, sheet, query: "", at: 0 });
      this.$nextTick(() => (sheet ? this.$refs.sheet : this.$refs.field)?.focus());
    },
    close() {
      this.open = false;
      this.before?.focus?.();
    },
    onKey(event) {
      const last = this.found.length - (this.query.trim() && this.canAsk ? 0 : 1);
      if (event.key === "Escape") this.close();
      else if (event.key === "ArrowDown") this.at = this.at >= last ? 0 : this.at + 1;
      else if (event.key === "ArrowUp") this.at = this.at <= 0 ? last : this.at - 1;
      else if (event.key === "Tab") { /* focus stays inside */ }
      else if (event.key === "Enter") {
        if (this.found[this.at]) this.choose(this.found[this.at]);
        else if (this.query.trim() && this.canAsk) this.ask();
      } else return;
      event.preventDefault();
      event.stopPropagation();
      this.$nextTick(() => this.$refs.list?.querySelector(".on")?.scrollIntoView({ block: "nearest" }));
    },
    choose(one) {
      if (one.id === "palette") return;
      this.close();
      if (one.id === "keys") { this.show(true); return; }
      if (one.local) { window.signalbox[one.local[0]](one.local[1]); return; }
      if (one.href) {
        const link = document.createElement("a");
        link.href = one.href;
        link.setAttribute("href", one.href);
        document.body.append(link);
        link.click();
        link.remove();
        return;
      }
      this.$emit("choose", one.id);
    },
    ask() {
      const text = this.query.trim();
      this.close();
      this.$emit("ask", text);
    },
  },
};
