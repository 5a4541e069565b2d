// Tells the server whether somebody looks: a tab behind others needs no news until it is in front again.
export default {
  template: "<span hidden></span>",
  emits: ["seen"],
  mounted() {
    this.tell = () => this.$emit("seen", !document.hidden);
    document.addEventListener("visibilitychange", this.tell);
    if (document.hidden) this.tell();
  },
  unmounted() { document.removeEventListener("visibilitychange", this.tell); },
};
